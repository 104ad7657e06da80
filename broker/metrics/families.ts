// All metrics of a broker.

import { type Family, family, metricName, type Sample, single } from './exposition.ts'
import { groupFamilies } from './group-families.ts'
import { logFamilies } from './log-families.ts'
import { requestFamilies } from './request-families.ts'
import type { MetricSources } from './sources.ts'

/** Kafka's BrokerState.RUNNING. */
const RUNNING = 3

export function families(sources: MetricSources): Family[] {
  const all = [
    family('milena_info', 'gauge', 'Which node of which cluster it is.', () => [
      { labels: { cluster_id: sources.clusterId, node_id: sources.nodeId }, value: 1 },
    ]),
    single('kafka_server_kafkaserver_brokerstate', 'gauge', '3: it runs.', () => RUNNING),
    ...processFamilies(sources),
    ...requestFamilies(sources),
    ...logFamilies(sources),
    ...groupFamilies(sources),
  ]
  return [...all, ...clientFamilies(sources)]
}

function processFamilies({ host }: MetricSources): Family[] {
  const { usage } = host
  if (usage === undefined) return []
  return [
    single('process_cpu_seconds_total', 'counter', 'CPU time, all threads.', () => usage().cpuSeconds),
    single('process_resident_memory_bytes', 'gauge', 'Resident memory.', () => usage().residentBytes),
    single('process_start_time_seconds', 'gauge', 'Since the epoch.', () => usage().startedAtSeconds),
  ]
}

/** What clients have pushed (KIP-714), by their own names: org_apache_kafka_producer_… */
function clientFamilies({ telemetry }: MetricSources): Family[] {
  const byName = new Map<string, { readonly isCounter: boolean; readonly samples: Sample[] }>()
  for (const { name, kind, labels, value } of telemetry.metrics) {
    const key = metricName(name)
    let found = byName.get(key)
    if (found === undefined) {
      found = { isCounter: kind === 'counter', samples: [] }
      byName.set(key, found)
    }
    const sample: Record<string, string> = {}
    for (const [label, text] of labels) sample[metricName(label)] = text
    found.samples.push({ labels: sample, value })
  }
  return [...byName].map(([name, { isCounter, samples }]) =>
    family(name, isCounter ? 'counter' : 'gauge', 'Pushed by clients.', () => samples),
  )
}
