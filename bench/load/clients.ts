// Real clients with their default settings: Kafka's perf tools, kafkajs, and librdkafka by kcat. Their own CPU is most
// of what runs, so they say whether a broker holds them back.

import { existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { run } from '../../test/clients/harness.ts'
import { KafkaTools } from '../../test/clients/java/kafka.ts'
import type { Load } from '../sampler.ts'
import type { Figures } from '../statistics.ts'

export interface ClientOptions {
  readonly bootstrap: string
  readonly topic: string
  readonly recordSize: number
  readonly records: number
}

const limits = { timeoutMs: 300_000 }

const load = ({ records, recordSize }: ClientOptions, recordsPerSecond: number, more: Figures = {}): Load => ({
  bytes: records * recordSize,
  records,
  figures: { 'MB/s': (recordsPerSecond * recordSize) / 1e6, 'records/s': recordsPerSecond, ...more },
})

export async function javaProduce(options: ClientOptions): Promise<Load> {
  const { bootstrap, topic, records, recordSize } = options
  const amount = ['--num-records', String(records), '--record-size', String(recordSize), '--throughput', '-1']
  const args = ['--bootstrap-server', bootstrap, '--topic', topic, ...amount]
  const printed = await (await KafkaTools.resolve()).run('kafka-producer-perf-test', args, limits)
  const found = /([\d.]+) records\/sec .* ([\d.]+) ms 99th/.exec(printed.trim().split('\n').at(-1) ?? '')
  return load(options, Number(found?.[1]), { 'p99 ms': Number(found?.[2]) })
}

/** The time to join the group is not counted. */
export async function javaConsume(options: ClientOptions): Promise<Load> {
  const { bootstrap, topic, records } = options
  const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', String(records)]
  const printed = await (await KafkaTools.resolve()).run('kafka-consumer-perf-test', args, limits)
  const columns = (printed.trim().split('\n').at(-1) ?? '').split(',').map(Number)
  return load(options, columns[9] ?? Number.NaN) // fetch.nMsg.sec
}

const messagesPerSend = 500
const sendsInFlight = 5

const kafkajs = (bootstrap: string) => new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR })

export async function kafkajsProduce(options: ClientOptions): Promise<Load> {
  const producer = kafkajs(options.bootstrap).producer()
  await producer.connect()
  const value = Buffer.alloc(options.recordSize, 'x')
  const messages = Array.from({ length: messagesPerSend }, () => ({ value }))
  let left = options.records
  const startedAt = performance.now()
  const send = async () => {
    for (; left > 0; left -= messagesPerSend) await producer.send({ topic: options.topic, messages })
  }
  await Promise.all(Array.from({ length: sendsInFlight }, send))
  const seconds = (performance.now() - startedAt) / 1000
  await producer.disconnect()
  return load(options, options.records / seconds)
}

export async function kafkajsConsume(options: ClientOptions): Promise<Load> {
  const consumer = kafkajs(options.bootstrap).consumer({ groupId: `${options.topic}-readers` })
  await consumer.connect()
  await consumer.subscribe({ topic: options.topic, fromBeginning: true })
  let read = 0
  let firstAt = 0
  await new Promise<void>((resolve) => {
    const eachBatch = async ({ batch }: { batch: { messages: readonly unknown[] } }) => {
      if (read === 0) firstAt = performance.now()
      read += batch.messages.length
      if (read >= options.records) resolve()
    }
    void consumer.run({ eachBatch })
  })
  const seconds = (performance.now() - firstAt) / 1000
  await consumer.disconnect()
  return load(options, options.records / seconds)
}

export const kcat = '/usr/bin/kcat'

export async function librdkafkaProduce(options: ClientOptions): Promise<Load> {
  const { bootstrap, topic, records, recordSize } = options
  const file = join(tmpdir(), `milena-bench-${recordSize}x${records}.txt`)
  if (!existsSync(file)) writeFileSync(file, `${'x'.repeat(recordSize)}\n`.repeat(records))
  const startedAt = performance.now()
  await run(kcat, ['-P', '-b', bootstrap, '-t', topic, '-l', file], limits)
  return load(options, (records * 1000) / (performance.now() - startedAt))
}

export async function librdkafkaConsume(options: ClientOptions): Promise<Load> {
  const { bootstrap, topic, records } = options
  const startedAt = performance.now()
  await run(kcat, ['-C', '-b', bootstrap, '-t', topic, '-o', 'beginning', '-c', String(records), '-f', ''], limits)
  return load(options, (records * 1000) / (performance.now() - startedAt))
}
