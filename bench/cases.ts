// Every case by its name, which says all of it: FAMILY/… as in raw-produce/1024/acks1/p12/none/b16k: ready-made batches
// of 1024-byte records, acks=1, 12 partitions, no compression, batches of 16 KiB.
//
//   raw-produce/SIZE/ACKS/PARTITIONS/CODEC/BATCH   as fast as the broker answers, CPU of the client next to nothing
//   sync-produce/SIZE/PARTITIONS/default|tuned     the same with flush.messages=1: synced before it is acknowledged
//   raw-consume/SIZE/PARTITIONS/CODEC              1 GB read again and again; from the page cache
//   tail-consume/SIZE/PARTITIONS/CODEC             what was appended last, read again and again
//   groups/COUNT                                   consumer groups at the end of one log
//   lat/RATE/SIZE/ACKS/PARTITIONS                  open loop; sync-lat/RATE/SIZE/PARTITIONS with flush.messages=1
//   conns/COUNT, parts/COUNT, many-groups/COUNT, startup/cold, startup/again        on a broker of their own
//   stalls/…                                       as raw-produce, and how long the event loop kept events waiting
//   java-…, kafkajs-…, librdkafka-…/SIZE           real clients, default settings, 6 partitions

import { CODECS, type Codec } from '../protocol/records/layout.ts'
import { Admin } from './load/admin.ts'
import { type BrokerOptions, BrokerProcess, type Kind, type Subject } from './load/broker.ts'
import * as clients from './load/clients.ts'
import { connections } from './load/connections.ts'
import { consume } from './load/consume.ts'
import { groups } from './load/groups.ts'
import { latency } from './load/latency.ts'
import { manyGroups } from './load/many-groups.ts'
import { partitions } from './load/partitions.ts'
import { Preload } from './load/preload.ts'
import { type ProduceOptions, produce, usual } from './load/produce.ts'
import { stallsDuring } from './load/stalls.ts'
import { again, cold } from './load/startup.ts'
import { type Load, measured } from './sampler.ts'
import type { Figures } from './statistics.ts'

/** Of times and sizes: 1, or less for a quick look. */
export type Scale = number
type Family = (subject: Subject, scale: Scale, parts: readonly string[]) => Promise<Figures>

const batchSizes: Readonly<Record<string, number>> = { b1k: 1024, b16k: 16_384, b128k: 131_072, b1m: 1_000_000 }
const tunings: Readonly<Record<string, number>> = { default: 16_384, tuned: 131_072 }
const flushed = { 'flush.messages': '1' }

const families: Readonly<Record<string, Family>> = {
  'raw-produce': (subject, scale, [size, acks, partitions, codec, batch = '']) => {
    const batchSize = known(batchSizes, batch)
    return producing(subject, {
      ...shape(scale, size, partitions),
      acks: acksOf(acks),
      codec: codecOf(codec),
      batchSize,
    })
  },
  'sync-produce': (subject, scale, [size, partitions, tuning = '']) => {
    const batchSize = known(tunings, tuning)
    const options = {
      ...shape(scale, size, partitions),
      acks: -1,
      shape: 'each partition',
      connections: 1,
      batchSize,
    } as const
    return producing(subject, options, flushed)
  },
  'raw-consume': (subject, scale, [size, partitions, codec]) => {
    return consuming(subject, scale, {
      ...shape(scale, size, partitions),
      codec: codecOf(codec),
      maxBytes: 1e9 * scale,
    })
  },
  'tail-consume': (subject, scale, [size, partitions, codec]) => {
    const common = shape(scale, size, partitions)
    return consuming(subject, scale, { ...common, codec: codecOf(codec), maxBytes: 4e6 * common.partitions })
  },
  groups: (subject, scale, [count]) =>
    withTopic(subject, 12, {}, (topic) =>
      groups(subject.bootstrap, { topic, partitions: 12, groups: Number(count), pace: 5e6, seconds: 10 * scale }),
    ),
  lat: (subject, scale, [rate, size, acks, partitions]) => timing(subject, scale, { rate, size, acks, partitions }, {}),
  'sync-lat': (subject, scale, [rate, size, partitions]) =>
    timing(subject, scale, { rate, size, acks: 'acksall', partitions }, flushed),
  conns: ({ kind }, scale, [count]) =>
    withBroker(kind, {}, ({ subject }) => {
      const warmUp = { ...shape(scale, '100', 'p12'), acks: 1, batchSize: 1 }
      const seconds = { idleSeconds: 5 * scale, activeSeconds: 8 * scale }
      return withTopic(subject, warmUp.partitions, {}, (topic) =>
        connections(subject, { ...seconds, topic, connections: Number(count), warmUp }),
      )
    }),
  parts: ({ kind }, _scale, [count]) => partitions(kind, Number(count)),
  'many-groups': ({ kind }, _scale, [count]) => manyGroups(kind, Number(count)),
  stalls: (_subject, scale, [size, acks, partitions, codec, batch = '']) => {
    const preload = new Preload('stalls.ts')
    const common = { ...shape(scale, size, partitions), acks: acksOf(acks), codec: codecOf(codec) }
    const options = { ...common, batchSize: known(batchSizes, batch), maxBytes: Number.POSITIVE_INFINITY }
    return withBroker('milena', preload, (broker) => {
      const around = (load: () => Promise<Load>) => stallsDuring(broker, preload, load)
      return producing({ ...broker.subject, around }, options)
    })
  },
  startup: ({ kind }, _scale, [how]) => (how === 'cold' ? cold(kind) : again(kind)),
  java: (subject, scale, parts) => client(subject, scale, parts, clients.javaProduce, clients.javaConsume),
  kafkajs: (subject, scale, parts) => client(subject, scale / 2, parts, clients.kafkajsProduce, clients.kafkajsConsume),
  librdkafka: (subject, scale, parts) =>
    client(subject, scale, parts, clients.librdkafkaProduce, clients.librdkafkaConsume),
}

const usualLimitMs = 600_000
/** Kafka's, measured: 1,000 created and written to in 2.7 s, and once more, and opened in 6.7 s after a kill. */
const limitMsPerPartition = 30

/** How long a case may take. */
export function limitMs(name: string): number {
  const [family, count] = name.split('/')
  return usualLimitMs + (family === 'parts' ? Number(count) * limitMsPerPartition : 0)
}

/** In an order in which what needs a broker of its own comes last. */
export const allCases: readonly string[] = [
  ...['acks1', 'acksall'].flatMap((acks) =>
    ['p1', 'p12'].flatMap((p) => ['b16k', 'b1m'].map((batch) => `raw-produce/1024/${acks}/${p}/none/${batch}`)),
  ),
  ...['none', 'lz4', 'zstd'].map((codec) => `raw-produce/100/acksall/p12/${codec}/b128k`),
  ...['p1', 'p12'].flatMap((p) => ['default', 'tuned'].map((tuning) => `sync-produce/1024/${p}/${tuning}`)),
  ...['raw-consume', 'tail-consume'].flatMap((family) =>
    ['1024', '100'].flatMap((size) => ['p1', 'p12'].map((p) => `${family}/${size}/${p}/none`)),
  ),
  'raw-consume/100/p12/lz4',
  'groups/100',
  ...['1000/1024', '5000/1024', '20000/100'].flatMap((load) =>
    ['acks1', 'acksall'].map((acks) => `lat/${load}/${acks}/${load.startsWith('1000/') ? 'p1' : 'p12'}`),
  ),
  'sync-lat/100/1024/p1',
  'conns/1000',
  'conns/10000',
  ...['java', 'kafkajs', 'librdkafka'].flatMap((name) => ['1024', '100'].map((size) => `${name}/${size}`)),
  'stalls/1024/acksall/p12/none/b16k',
  'stalls/1024/acksall/p12/none/b1m',
  'startup/cold',
  'startup/again',
  'parts/1000',
  'parts/5000',
  'parts/10000',
  'parts/20000',
  'many-groups/1000',
]

export function runCase(name: string, subject: Subject, scale: Scale): Promise<Figures> {
  const [family = '', ...parts] = name.split('/')
  return known(families, family)(subject, scale, parts)
}

type Common = Omit<ProduceOptions, 'topic' | 'acks' | 'batchSize'>

function shape(scale: Scale, size = '', partitions = ''): Common {
  const count = partitionsOf(partitions)
  const limits = { seconds: usual.seconds * scale, maxBytes: usual.maxBytes * scale }
  return { ...usual, ...limits, recordSize: Number(size), partitions: count, connections: count === 1 ? 1 : 2 }
}

function producing(
  subject: Subject,
  options: Omit<ProduceOptions, 'topic'>,
  settings: Readonly<Record<string, string>> = {},
): Promise<Figures> {
  return withTopic(subject, options.partitions, settings, (topic) => produce(subject.bootstrap, { ...options, topic }))
}

async function consuming(subject: Subject, scale: Scale, options: Common): Promise<Figures> {
  const fill = { ...options, acks: -1, batchSize: batchSizes['b128k']!, seconds: 20 }
  const read = { ...options, seconds: 5 * scale, maxBytes: 8e9 * scale }
  return withTopic(
    subject,
    options.partitions,
    {},
    (topic) => consume(subject.bootstrap, { ...read, topic }),
    (topic) => produce(subject.bootstrap, { ...fill, topic }),
  )
}

function timing(
  subject: Subject,
  scale: Scale,
  parts: Readonly<Record<'rate' | 'size' | 'acks' | 'partitions', string | undefined>>,
  settings: Readonly<Record<string, string>>,
): Promise<Figures> {
  const partitions = partitionsOf(parts.partitions)
  const load = { rate: Number(parts.rate), recordSize: Number(parts.size), seconds: 12 * scale }
  return withTopic(subject, partitions, settings, (topic) =>
    latency(subject.bootstrap, { topic, partitions, acks: acksOf(parts.acks), ...load }),
  )
}

/** Produces and then consumes; the figures of both under their names. */
async function client(
  subject: Subject,
  scale: Scale,
  [size = '']: readonly string[],
  produceBy: (options: clients.ClientOptions) => Promise<Load>,
  consumeBy: (options: clients.ClientOptions) => Promise<Load>,
): Promise<Figures> {
  const recordSize = Number(size)
  const records = Math.round(((recordSize < 1000 ? 2_000_000 : 400_000) * scale) / 1000) * 1000
  const figures: Figures = {}
  const prefixed = (prefix: string, more: Figures) => {
    for (const [name, value] of Object.entries(more)) figures[`${prefix} ${name}`] = value
    return {}
  }
  await withTopic(subject, 6, {}, async (topic) => {
    const options = { bootstrap: subject.bootstrap, topic, recordSize, records }
    prefixed('produce', await measured(subject.pid, () => produceBy(options)))
    prefixed('consume', await measured(subject.pid, () => consumeBy(options)))
    return { figures: {} }
  })
  return figures
}

async function withBroker<T>(
  kind: Kind,
  options: BrokerOptions,
  use: (broker: BrokerProcess) => Promise<T>,
): Promise<T> {
  const broker = await BrokerProcess.started(kind, options)
  try {
    return await use(broker)
  } finally {
    await broker.dispose()
  }
}

/** What a case has written is gone before the next one, not a minute later, while that is measured. */
const removedAtOnce = { 'file.delete.delay.ms': '0' }

/** Measures the load on a topic of its own, which `prepare` may fill before. */
async function withTopic(
  { bootstrap, pid, around }: Subject,
  partitions: number,
  settings: Readonly<Record<string, string>>,
  load: (topic: string) => Promise<Load>,
  prepare: (topic: string) => Promise<unknown> = async () => {},
): Promise<Figures> {
  const admin = new Admin(bootstrap)
  const topic = `bench-${process.pid}-${Date.now().toString(36)}`
  await admin.topic(topic, partitions, { ...removedAtOnce, ...settings })
  await prepare(topic)
  const run = () => load(topic)
  const figures = await measured(pid, () => (around === undefined ? run() : around(run)))
  await admin.deleteTopic(topic)
  admin.close()
  return figures
}

const partitionsOf = (part = '') => Number(part.slice(1))
const acksOf = (part = '') => (part === 'acksall' ? -1 : Number(part.slice('acks'.length)))

function codecOf(name = ''): Codec {
  const codec = CODECS.find((each) => each === name)
  if (codec === undefined) throw new Error(`no codec ${name}`)
  return codec
}

function known<T>(table: Readonly<Record<string, T>>, name: string): T {
  const value = table[name]
  if (value === undefined) throw new Error(`${name}: one of ${Object.keys(table).join(', ')}`)
  return value
}
