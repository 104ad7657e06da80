// Client telemetry: what is read of OpenTelemetry's protobuf, and what is kept of it.

import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { ClientMetrics } from '../../../broker/telemetry/client-metrics.ts'
import { MalformedMetrics, readMetrics } from '../../../broker/telemetry/otlp.ts'
import { Matcher, subscriptionOf } from '../../../broker/telemetry/subscription.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { seed } from '../../host/implementations.ts'
import { World } from '../harness.ts'
import { get, HTTP_PORT } from '../http/scraper.ts'

const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)])
const bytes = (number: number, ...parts: (Uint8Array | number[])[]): Uint8Array => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content])
}
const text = (number: number, value: string) => bytes(number, Buffer.from(value))
const flag = (number: number, value: number) => Buffer.from([...varint(number * 8), ...varint(value)])
const double = (number: number, value: number) => {
  const buffer = Buffer.alloc(9)
  buffer[0] = number * 8 + 1
  buffer.writeDoubleLE(value, 1)
  return buffer
}
const int = (number: number, value: bigint) => {
  const buffer = Buffer.alloc(9)
  buffer[0] = number * 8 + 1
  buffer.writeBigInt64LE(value, 1)
  return buffer
}
const attribute = (number: number, key: string, value: string) => bytes(number, text(1, key), bytes(2, text(1, value)))
const gauge = (name: string, value: number) =>
  bytes(2, text(1, name), text(2, 'a description'), bytes(5, bytes(1, double(4, value), attribute(7, 'topic', 'a'))))
const sum = (name: string, value: bigint, temporality: number) =>
  bytes(2, text(1, name), bytes(7, bytes(1, int(6, value)), flag(2, temporality), flag(3, 1)))
const pushed = (...metrics: Uint8Array[]) =>
  bytes(1, bytes(1, attribute(1, 'client_rack', 'r1')), bytes(2, bytes(1, text(1, 'scope')), ...metrics))

t.test('gauges and sums are read, with their attributes and those of the resource', async (t) => {
  const points = readMetrics(pushed(gauge('latency', 1.5), sum('count', -3n, 1), sum('total', 7n, 2)))
  t.match(points, [
    { name: 'latency', value: 1.5, kind: 'gauge', isDelta: false },
    { name: 'count', value: -3, kind: 'counter', isDelta: true },
    { name: 'total', value: 7, kind: 'counter', isDelta: false },
  ])
  t.same(
    [...(points[0]?.attributes ?? [])],
    [
      ['client_rack', 'r1'],
      ['topic', 'a'],
    ],
  )
  t.same(readMetrics(new Uint8Array(0)), [])
})

t.test('bytes cut off or altered anywhere are refused in words, or read, and nothing else', async (t) => {
  const whole = pushed(gauge('latency', 1.5), sum('count', 3n, 1))
  for (let end = 1; end < whole.length; end++) {
    t.throws(() => readMetrics(whole.subarray(0, end)), { name: 'MalformedMetrics' }, `${end}`)
  }
  const random = simulate(seed).node('random').host.random
  t.comment(`SEED=${seed}`)
  for (let round = 0; round < 20_000; round++) {
    const altered = Uint8Array.from(whole)
    altered[random.below(whole.length)] = random.below(256)
    try {
      readMetrics(altered)
    } catch (error) {
      if (!(error instanceof MalformedMetrics)) throw error
    }
  }
})

t.test('points beyond the limit of one push are refused', async (t) => {
  const points = Array.from({ length: 10_001 }, () => bytes(1, double(4, 1)))
  t.throws(() => readMetrics(pushed(bytes(2, text(1, 'many'), bytes(5, ...points)))), { name: 'TooManyPoints' })
})

const client = {
  client_instance_id: 'i',
  client_id: 'orders-1',
  client_software_name: 'apache-kafka-java',
  client_software_version: '4.4.0',
  client_source_address: '10.0.0.1',
  client_source_port: '1234',
}

t.test('differences are added up, totals replace, and a client that goes takes its series along', async (t) => {
  const metrics = new ClientMetrics()
  for (let round = 0; round < 3; round++) {
    metrics.record('i', client, readMetrics(pushed(gauge('g', round), sum('delta', 5n, 1), sum('total', 9n, 2))))
  }
  t.same(
    Array.from(metrics, ({ name, value }) => [name, value]),
    [
      ['g', 2],
      ['delta', 15],
      ['total', 9],
    ],
  )
  t.equal([...metrics][0]?.labels.get('client_id'), 'orders-1')
  metrics.forget('i')
  t.equal(metrics.count, 0)
})

t.test('series are bounded: those of the client that pushed longest ago go first', async (t) => {
  const metrics = new ClientMetrics()
  const points = readMetrics(pushed(...Array.from({ length: 5000 }, (_, index) => gauge(`g${index}`, 1))))
  for (let index = 0; index < 25; index++) metrics.record(`i${index}`, client, points)
  t.equal(metrics.count, 100_000)
})

t.test('a pattern must match as a whole, all patterns must, and one that backtracks costs nothing', async (t) => {
  const matcher = new Matcher()
  const of = (match: string) => matcher.isMatch(subscriptionOf(new Map([['match', match]])), client)
  t.notOk(of('client_id=orders-1'), 'not before the engine is there')
  await matcher.load()
  t.ok(of(''))
  t.ok(of('client_id=orders-.*'))
  t.notOk(of('client_id=orders'))
  t.ok(of('client_id=orders-1, client_source_port=12.*'))
  t.notOk(of('client_id=orders-1,client_source_port=9'))
  const long = { ...client, client_id: `${'a'.repeat(30_000)}!` }
  t.notOk(matcher.isMatch(subscriptionOf(new Map([['match', 'client_id=(a+)+']])), long))
})

t.test('trap 37: what a client pushes in any codec is taken; a bomb and what is no telemetry are not', async (t) => {
  const world = await World.start(t, { 'telemetry.max.bytes': '10000' })
  const connection = await world.connect('orders-1')
  const whole = pushed(gauge('g', 1))
  const cases: [label: string, type: number, metrics: Uint8Array, errorCode: number][] = [
    ['plain', 0, whole, ErrorCode.NONE],
    ['gzip', 1, gzipSync(whole), ErrorCode.NONE],
    ['zstd', 4, zstdCompressSync(whole), ErrorCode.NONE],
    ['too large', 0, new Uint8Array(10_001), ErrorCode.TELEMETRY_TOO_LARGE],
    ['a bomb', 1, gzipSync(new Uint8Array(1_000_000)), ErrorCode.TELEMETRY_TOO_LARGE],
    ['damaged', 4, whole, ErrorCode.INVALID_RECORD],
    ['no telemetry', 0, Buffer.from('no telemetry'), ErrorCode.INVALID_RECORD],
  ]
  for (const [label, compressionType, metrics, errorCode] of cases) {
    const { clientInstanceId, subscriptionId } = await connection.request('GetTelemetrySubscriptions', 0, {
      clientInstanceId: ZERO_UUID,
    })
    const push = { clientInstanceId, subscriptionId, terminating: false, compressionType, metrics }
    t.match(await connection.request('PushTelemetry', 0, push), { errorCode }, label)
  }
  await world.stop()
})

t.test('what clients push stands among the metrics of the broker, until they go', async (t) => {
  const world = await World.start(t, { 'milena.http.listeners': `http://broker:${HTTP_PORT}` })
  const connection = await world.connect('orders-1')
  const configs = [{ name: 'metrics', value: 'org.apache.kafka.producer.', configOperation: 0 }]
  const resources = [{ resourceType: 16, resourceName: 'producers', configs }]
  await connection.request('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
  const asked = await connection.request('GetTelemetrySubscriptions', 0, { clientInstanceId: ZERO_UUID })
  t.same(asked.requestedMetrics, ['org.apache.kafka.producer.'])
  const { clientInstanceId, subscriptionId } = asked
  const metrics = pushed(gauge('org.apache.kafka.producer.connection.count', 7))
  const push = { clientInstanceId, subscriptionId, terminating: false, compressionType: 0, metrics }
  t.match(await connection.request('PushTelemetry', 0, push), { errorCode: ErrorCode.NONE })
  const shown = await get(world, '/metrics')
  const [line = ''] = /^org_apache_kafka_producer_connection_count\{.*$/m.exec(shown) ?? []
  t.match(line, /client_id="orders-1"/)
  t.match(line, /topic="a"/)
  t.match(line, / 7$/)
  connection.close()
  await world.simulation.run(100)
  t.notMatch(await get(world, '/metrics'), 'org_apache_kafka_producer')
  await world.stop()
})
