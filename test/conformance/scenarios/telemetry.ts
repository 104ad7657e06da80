// Client telemetry (KIP-714): subscriptions set, asked for and pushed to, in time and out of it.

import { gzipSync } from 'node:zlib'
import type { RequestInputOf } from '../../../protocol/apis.ts'
import { type Scenario, type Session, ZERO_UUID } from '../session.ts'

const CLIENT_METRICS = 16
const SET = 0
const DELETE = 1
const RESERVED = 'AAAAAAAAAAAAAAAAAAAAAQ'
const NOTHING = new Uint8Array(0)

async function subscribe(s: Session, clientInstanceId = ZERO_UUID) {
  return s.get('GetTelemetrySubscriptions', 0, { clientInstanceId })
}

/** Pushed by a new client, unless `fields` name one. */
async function push(s: Session, label: string, fields: Partial<RequestInputOf<'PushTelemetry'>> = {}) {
  const { clientInstanceId, subscriptionId } = await subscribe(s)
  const push = { clientInstanceId, subscriptionId, terminating: false, compressionType: 0, metrics: NOTHING, ...fields }
  await s.ask(label, 'PushTelemetry', 0, push)
  return push
}

async function telemetry(s: Session): Promise<void> {
  const first = await s.ask('a first time', 'GetTelemetrySubscriptions', 0, { clientInstanceId: ZERO_UUID })
  const clientInstanceId = first?.clientInstanceId ?? ZERO_UUID
  await s.ask('too soon', 'GetTelemetrySubscriptions', 0, { clientInstanceId })
  await s.ask('an id of its own', 'GetTelemetrySubscriptions', 0, { clientInstanceId: 'QUFBQUFBQUFBQUFBQUFBQQ' })
  await s.ask('a reserved id', 'GetTelemetrySubscriptions', 0, { clientInstanceId: RESERVED })
  const pushed = await push(s, 'nothing')
  await s.ask('nothing, too soon', 'PushTelemetry', 0, pushed)
  await s.ask('nothing, too soon, for the last time', 'PushTelemetry', 0, { ...pushed, terminating: true })
  await s.ask('after the last time', 'PushTelemetry', 0, pushed)
  await push(s, 'no id', { clientInstanceId: ZERO_UUID })
  await push(s, 'a reserved id', { clientInstanceId: RESERVED })
  await push(s, 'another subscription', { subscriptionId: 1 })
  await push(s, 'an unknown codec', { compressionType: 9 })
  await push(s, 'a negative codec', { compressionType: -1 })
  await push(s, 'too much', { metrics: new Uint8Array(1_048_577) })
  await push(s, 'what is no telemetry', { metrics: Buffer.from('no telemetry') })
  await push(s, 'compressed, what is no telemetry', { metrics: Buffer.from('not compressed'), compressionType: 1 })
  await push(s, 'compressed, nothing', { metrics: gzipSync(NOTHING), compressionType: 1 })
  await push(s, 'of a client that did not ask', { clientInstanceId: 'QkJCQkJCQkJCQkJCQkJCQg', subscriptionId: 5 })
  const wrong = await push(s, 'a wrong subscription', { subscriptionId: 1 })
  const again = { clientInstanceId: wrong.clientInstanceId }
  await s.ask('at once after a wrong one', 'GetTelemetrySubscriptions', 0, again)
}

async function clientMetrics(s: Session): Promise<void> {
  type Values = Readonly<Record<string, string | null>>
  const alter = (label: string, values: Values, resourceName = 'subscription') =>
    s.ask(label, 'IncrementalAlterConfigs', 1, {
      resources: [
        {
          resourceType: CLIENT_METRICS,
          resourceName,
          configs: Object.entries(values).map(([name, value]) => ({
            ...{ name, value, configOperation: value === null ? DELETE : SET },
          })),
        },
      ],
      validateOnly: false,
    })
  await alter('an interval that is no number', { 'interval.ms': 'soon' })
  await alter('an interval that is too short', { 'interval.ms': '99' })
  await alter('an interval that is too long', { 'interval.ms': '3600001' })
  await alter('an interval with spaces', { 'interval.ms': ' 200 ' })
  await alter('an unknown key', { 'no.such.key': '1' })
  await alter('a pattern without =', { match: 'client_id' })
  await alter('a pattern of nothing', { match: 'client_id=' })
  await alter('a pattern with two =', { match: 'client_id=a=b' })
  await alter('a pattern of an unknown attribute', { match: 'client_color=red' })
  await alter('a pattern that is no expression', { match: 'client_id=(' })
  await alter('two patterns', { match: 'client_id=a.*, client_source_port = 1' })
  await alter('no name', { metrics: '*' }, '')
  await alter('all of it', {
    metrics: 'org.apache.kafka.producer.,other',
    'interval.ms': '60000',
    match: 'client_id=conf.*',
  })
  await alter('another', { metrics: 'third', 'interval.ms': '30000', match: 'client_id=nobody' }, 'another')
  const described = { resourceType: CLIENT_METRICS, resourceName: 'subscription', configurationKeys: null }
  const asked = { resources: [described], includeSynonyms: true }
  await s.settled('subscription', 'DescribeConfigs', 4, asked, (body) =>
    (body.results[0]?.configs ?? []).some(({ name, value }) => name === 'interval.ms' && value === '60000'),
  )
  await s.ask('of client metrics', 'ListConfigResources', 0, {})
  await s.settled(
    'subscribed',
    'GetTelemetrySubscriptions',
    0,
    { clientInstanceId: ZERO_UUID },
    ({ requestedMetrics }) => requestedMetrics.length === 2,
  )
  await alter('to all', { metrics: '*' }, 'another')
  await alter('of everyone', { match: null }, 'another')
  await s.settled(
    'subscribed to all',
    'GetTelemetrySubscriptions',
    0,
    { clientInstanceId: ZERO_UUID },
    ({ requestedMetrics }) => requestedMetrics[0] === '*',
  )
  await alter('no more', { metrics: null, 'interval.ms': null, match: null })
  await alter('no more of the other', { metrics: null, 'interval.ms': null, match: null }, 'another')
  await s.settled(
    'subscribed to nothing',
    'GetTelemetrySubscriptions',
    0,
    { clientInstanceId: ZERO_UUID },
    ({ requestedMetrics }) => requestedMetrics.length === 0,
  )
}

export const telemetryScenarios: Readonly<Record<string, Scenario>> = { telemetry, clientMetrics }
