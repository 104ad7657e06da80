// A whole broker through crashes, under producers with acks=all, consumers, commits of offsets and new topics. At the end:
//
//   every acknowledged record is at its offset; offsets are dense
//   what an idempotent producer has sent is there once and in order; what another has sent, once at most
//   what a consumer has seen is what the log says
//   a committed offset is the last that was acknowledged, or one that was sent later
//   every topic whose creation was acknowledged is there

import { strict as assert } from 'node:assert'
import { Broker } from '../../broker/broker.ts'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Client } from '../broker/harness.ts'
import { SimulatedCommitter } from './committer.ts'
import { SimulatedConsumer } from './consumer.ts'
import type { LastingClient } from './lasting-client.ts'
import { SimulatedProducer } from './producer.ts'

const topic = 'letters'
const partitionCount = 2

const properties = {
  listeners: 'PLAINTEXT://broker:9092',
  'log.dirs': '/data',
  'offsets.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  'log.segment.bytes': '1048576',
  'log.index.interval.bytes': '1000',
  // So often that crashes meet it.
  'log.flush.offset.checkpoint.interval.ms': '300',
  'log.flush.start.offset.checkpoint.interval.ms': '300',
  'replica.high.watermark.checkpoint.interval.ms': '200',
  'metadata.log.max.record.bytes.between.snapshots': '2000',
}

export interface BrokerCrashReport {
  readonly crashes: number
  readonly records: number
  readonly events: number
  readonly givenUp: number
}

export async function runBrokerCrash(
  seed: number,
  onLog: (line: string) => void = () => {},
): Promise<BrokerCrashReport> {
  const run = new BrokerCrashRun(seed)
  try {
    return await run.all()
  } catch (error) {
    for (const line of run.node.logger.lines()) onLog(line)
    throw error
  }
}

class BrokerCrashRun {
  readonly node: SimulatedNode
  readonly #simulation: Simulation
  readonly #producers: SimulatedProducer[]
  readonly #consumers: SimulatedConsumer[]
  readonly #committer: SimulatedCommitter
  readonly #clients: readonly LastingClient[]
  readonly #createdTopics: string[] = []
  #broker: Broker | null = null

  constructor(seed: number) {
    const simulation = simulate(seed)
    this.#simulation = simulation
    this.node = simulation.node('broker', { clockSkewMs: simulation.random.between(-1000, 1000) })
    this.#producers = [0, 1, 2, 3].map((index) => {
      return new SimulatedProducer(simulation, `p${index}`, topic, index % partitionCount, index !== 3)
    })
    this.#consumers = [0, 1].map((index) => new SimulatedConsumer(simulation, `c${index}`, topic, index))
    this.#committer = new SimulatedCommitter(simulation, 'committer', topic)
    this.#clients = [...this.#producers, ...this.#consumers, this.#committer]
  }

  async all(): Promise<BrokerCrashReport> {
    const { random } = this.#simulation
    await this.#start()
    await this.#createTopic(topic, partitionCount)
    for (const client of this.#clients) client.start()
    const crashes = random.between(1, 4)
    for (let count = 0; count < crashes; count++) {
      if (random.chance(0.5)) await this.#createTopic(`new-${count}`, 1)
      await this.#run(random.pick([5, 50, 200, 1000]) * random.fraction())
      await this.#end(random.pick(['crash', 'crash', 'kill', 'stop']))
      // A crash in the midst of a recovery, now and then.
      if (random.chance(0.2)) {
        void this.#start().catch(() => {})
        await this.#simulation.run(random.pick([1, 5, 20]) * random.fraction())
        this.node.crash()
        this.node.restart()
      }
      await this.#start()
    }
    for (const producer of this.#producers) producer.finish()
    const isOver = () => this.#producers.every((producer) => producer.isDone) || this.#fault() !== null
    await this.#simulation.runUntil(isOver, 120_000)
    await this.#run(0)
    return this.#verify(crashes)
  }

  #fault(): unknown {
    return this.#clients.find((client) => client.fault !== null)?.fault ?? null
  }

  async #run(durationMs: number): Promise<void> {
    await this.#simulation.run(durationMs)
    const fault = this.#fault()
    if (fault !== null) throw fault
  }

  async #start(): Promise<void> {
    this.#broker = await this.#simulation.complete(Broker.start({ host: this.node.host, properties }))
  }

  async #end(how: 'crash' | 'kill' | 'stop'): Promise<void> {
    if (how === 'stop') await this.#simulation.complete(this.#broker!.stop())
    else this.node[how]()
    this.node.restart()
  }

  async #client(): Promise<Client> {
    const { host } = this.#simulation.node('admin')
    const connection = await this.#simulation.complete(host.network.connect({ host: 'broker', port: 9092 }))
    return new Client(this.#simulation, connection, 'admin')
  }

  async #createTopic(name: string, numPartitions: number): Promise<void> {
    const client = await this.#client()
    await client.createTopic(name, numPartitions)
    this.#createdTopics.push(name)
  }

  async #verify(crashes: number): Promise<BrokerCrashReport> {
    const client = await this.#client()
    let records = 0
    for (let partition = 0; partition < partitionCount; partition++) {
      const log = await readLog(client, partition)
      records += log.length
      this.#verifyProducers(partition, log)
      for (const consumer of this.#consumers.filter((consumer) => consumer.partition === partition)) {
        assert.deepEqual(consumer.seen, log.slice(0, consumer.seen.length), `what ${consumer.name} has seen`)
      }
    }
    this.#committer.stop()
    await this.#committer.verify(client)
    const { topics } = await client.request('Metadata', 9, { topics: null, allowAutoTopicCreation: false })
    const names = topics.map(({ name }) => name)
    for (const name of this.#createdTopics) assert.ok(names.includes(name), `${name} is gone; there are ${names}`)
    const givenUp = this.#producers.filter((producer) => producer.hasGivenUp).length
    return { crashes, records, events: this.#simulation.eventCount, givenUp }
  }

  #verifyProducers(partition: number, log: readonly string[]): void {
    const expected = new Set<string>()
    for (const producer of this.#producers.filter((producer) => producer.partition === partition)) {
      for (const { baseOffset, values } of producer.acknowledged) {
        const there = log.slice(baseOffset, baseOffset + values.length)
        assert.deepEqual(there, values, `${producer.name}: acknowledged at ${baseOffset}`)
      }
      const own = log.filter((value) => value.startsWith(`${producer.name}:`))
      assert.equal(new Set(own).size, own.length, `${producer.name}: each record once at most`)
      if (producer.isIdempotent) {
        const sent = [...producer.acknowledged, ...producer.unknown].flatMap(({ values }) => values)
        assert.deepEqual(own, sent.slice(0, own.length), `${producer.name}: each record in order`)
        if (!producer.hasGivenUp) assert.equal(own.length, sent.length, `${producer.name}: every record`)
      }
      for (const { values } of [...producer.acknowledged, ...producer.unknown])
        for (const value of values) expected.add(value)
    }
    for (const [offset, value] of log.entries()) assert.ok(expected.has(value), `nobody sent ${value}, at ${offset}`)
  }
}

/** All of a partition, offset by offset. */
async function readLog(client: Client, partition: number): Promise<string[]> {
  const log: string[] = []
  for (;;) {
    const { errorCode, highWatermark, read } = await client.fetch(topic, log.length, { index: partition })
    assert.equal(errorCode, ErrorCode.NONE, `fetch at ${log.length}`)
    for (const { offset, value } of read) {
      if (offset < log.length) continue
      assert.equal(offset, log.length, 'offsets are dense')
      log.push(Buffer.from(value ?? []).toString())
    }
    if (log.length >= Number(highWatermark)) return log
  }
}
