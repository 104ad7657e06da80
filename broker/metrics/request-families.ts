// Requests and connections, under the names that the common configurations of the JMX exporter give to Kafka's.

import { errorName } from '../../protocol/error-codes.ts'
import { type Family, family, type Sample, single } from './exposition.ts'
import type { ApiMetrics } from './request-metrics.ts'
import type { MetricSources } from './sources.ts'

const QUANTILES = [0.5, 0.75, 0.95, 0.99, 0.999]

export function requestFamilies({ host, requestMetrics, servers, budgets }: MetricSources): Family[] {
  const requestsOf = (name: string): number => {
    let count = 0
    for (const api of requestMetrics) if (api.name === name) for (const one of api.counts) count += one
    return count
  }
  const perApi = (value: (api: ApiMetrics) => number) =>
    function* (): Generator<Sample> {
      for (const api of requestMetrics) yield { labels: { request: api.name }, value: value(api) }
    }
  return [
    family('kafka_network_requestmetrics_requests_total', 'counter', 'Requests, by API and version.', function* () {
      for (const { name, minVersion, counts } of requestMetrics) {
        for (let index = 0; index < counts.length; index++) {
          const labels = { request: name, version: minVersion + index }
          if (counts[index]! > 0) yield { labels, value: counts[index]! }
        }
      }
    }),
    family(
      'kafka_network_requestmetrics_errors_total',
      'counter',
      'Error codes in answers, by API; NONE, too. Of an answer about several partitions each counts.',
      function* () {
        for (const { name, errors } of requestMetrics) {
          for (const [code, value] of errors) yield { labels: { request: name, error: errorName(code) }, value }
        }
      },
    ),
    family(
      'kafka_network_requestmetrics_totaltimems',
      'summary',
      'Milliseconds from a request to its answer: quantiles of the last one to two minutes.',
      function* (): Generator<Sample> {
        const now = host.clock.monotonic()
        for (const { name, latencies } of requestMetrics) {
          const values = latencies.quantiles(QUANTILES, now)
          for (let index = 0; index < QUANTILES.length; index++) {
            yield { labels: { request: name, quantile: QUANTILES[index]! }, value: values[index]! }
          }
          yield { suffix: '_sum', labels: { request: name }, value: latencies.sumMs }
          yield { suffix: '_count', labels: { request: name }, value: latencies.count }
        }
      },
    ),
    family(
      'milena_request_bytes_total',
      'counter',
      'Bytes of requests.',
      perApi(({ requestBytes }) => requestBytes),
    ),
    family(
      'milena_response_bytes_total',
      'counter',
      'Bytes of answers.',
      perApi(({ answerBytes }) => answerBytes),
    ),
    family(
      'milena_requests_closed_total',
      'counter',
      'Requests that were answered by closing the connection.',
      perApi(({ closed }) => closed),
    ),
    family(
      'milena_requests_throttled_total',
      'counter',
      'Requests beyond a quota.',
      perApi(({ throttled }) => throttled),
    ),
    family(
      'milena_throttle_milliseconds_total',
      'counter',
      'How long clients were told to keep still.',
      perApi(({ throttleMs }) => throttleMs),
    ),
    single('kafka_server_brokertopicmetrics_totalproducerequests_total', 'counter', 'Produce requests.', () =>
      requestsOf('Produce'),
    ),
    single('kafka_server_brokertopicmetrics_totalfetchrequests_total', 'counter', 'Fetch requests.', () =>
      requestsOf('Fetch'),
    ),
    single(
      'kafka_server_brokertopicmetrics_failedproducerequests_total',
      'counter',
      'Produce requests with an error for one of their partitions.',
      () => requestMetrics.failedProduces,
    ),
    single(
      'kafka_server_brokertopicmetrics_failedfetchrequests_total',
      'counter',
      'Fetch requests with an error for one of their partitions.',
      () => requestMetrics.failedFetches,
    ),
    single(
      'kafka_network_requestchannel_requestqueuesize',
      'gauge',
      'Requests that are not answered yet, long polls and rebalances among them.',
      () => requestMetrics.inFlight,
    ),
    family('kafka_server_socket_server_metrics_connection_count', 'gauge', 'Open connections.', function* () {
      for (const [listener, server] of servers) yield { labels: { listener }, value: server.connectionCount }
    }),
    family('milena_memory_used_bytes', 'gauge', 'Memory of requests and answers on their way.', function* () {
      for (const [kind, budget] of budgets) yield { labels: { kind }, value: budget.used }
    }),
    family('milena_memory_limit_bytes', 'gauge', 'The limit of that memory.', function* () {
      for (const [kind, budget] of budgets) yield { labels: { kind }, value: budget.limit }
    }),
  ]
}
