// Twenty workers of one share group, that crash, release and reject at random, and a broker that loses power now and
// then: in the end each record was accepted by exactly one acknowledgement that was answered, or is a dead letter after
// its limit, and none is lost. Run by hand for many records; the suite runs a few.
//
//   node --conditions=milena-source test/broker/share/workers.ts --records 100000 --seeds 1 --crashes 5
//
// What may happen all the same: an acknowledgement whose answer was lost with a connection may or may not count, so a
// record may be accepted once more after it, as with any at-least-once queue. Such records are told apart by name.

import { parseArgs } from 'node:util'
import { Broker } from '../../../broker/broker.ts'
import { ACCEPT, REJECT, RELEASE } from '../../../broker/share/record-state.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { batchOf, Client } from '../harness.ts'
import { batch, type Delivered, ShareMember } from './harness.ts'

const WORKERS = 20
const PARTITIONS = 4
const LIMIT = 4
const PROPERTIES = {
  listeners: 'PLAINTEXT://broker:9092',
  'log.dirs': '/data',
  'offsets.topic.num.partitions': '2',
  'share.coordinator.state.topic.num.partitions': '2',
  'group.share.delivery.count.limit': String(LIMIT),
  'errors.deadletterqueue.auto.create.topics.enable': 'true',
}

export interface WorkersReport {
  readonly records: number
  readonly accepted: number
  readonly deadLetters: number
  readonly deliveries: number
  readonly crashes: number
  readonly faults: readonly string[]
}

type Fate = 'accepted' | 'asked'

/** Resolves to what was wrong; nothing is right. */
export async function runWorkers(seed: number, recordCount: number, crashes: number): Promise<WorkersReport> {
  const simulation = simulate(seed)
  const node = simulation.node('broker')
  let broker = await simulation.complete(Broker.start({ host: node.host, properties: PROPERTIES }))
  const random = simulation.node('client').host.random
  const { host } = simulation.node('client')
  const connect = async (): Promise<Client> => {
    for (;;) {
      try {
        const connection = await host.network.connect({ host: 'broker', port: 9092 })
        return new Client(simulation, connection, 'worker')
      } catch {
        await pause(50)
      }
    }
  }
  const pause = (ms: number) => new Promise<void>((resolve) => host.timers.after(ms, resolve))
  const admin = await simulation.complete(connect())
  const topicId = await admin.createTopic('q', PARTITIONS)
  await simulation.complete(configure(admin))
  const perBatch = 50
  for (let index = 0; index * perBatch < recordCount; index++) {
    const values = Array.from({ length: perBatch }, (_, at) => `v${index * perBatch + at}`)
    const answer = await simulation.complete(
      admin.send('Produce', 9, {
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: 'q', partitionData: [{ index: index % PARTITIONS, records: batchOf(values) }] }],
      }),
    )
    if (answer?.responses[0]?.partitionResponses[0]?.errorCode !== 0) throw new Error(`seed ${seed}: not produced`)
  }

  const accepted = new Map<string, number>()
  /** Accepted or rejected by an acknowledgement that was never answered. */
  const unanswered = new Set<string>()
  const faults: string[] = []
  let deliveries = 0
  let settled = 0
  let isOver = false
  let workerCount = 0

  const work = async (): Promise<void> => {
    while (!isOver) {
      try {
        await life(await connect(), `w${++workerCount}`)
      } catch {
        await pause(100)
      }
    }
  }

  const life = async (client: Client, memberId: string): Promise<void> => {
    const member = new ShareMember(client, 'g', memberId)
    let nextHeartbeat = 0
    try {
      for (let topics: string[] | null = ['q']; !isOver; topics = null) {
        if (host.clock.monotonic() >= nextHeartbeat) {
          const answer = await member.heartbeat(topics)
          if (answer.errorCode !== 0) throw new Error(`heartbeat ${answer.errorCode}`)
          nextHeartbeat = host.clock.monotonic() + 3_000
          if (member.assigned.length === 0) {
            await pause(500)
            nextHeartbeat = 0
            continue
          }
        }
        const { answer, records } = await member.fetch({ maxRecords: 60, batchSize: 20, maxWaitMs: 300 })
        if (answer.errorCode !== 0) throw new Error(`fetch ${answer.errorCode}`)
        deliveries += records.length
        if (records.length === 0) continue
        // A crash with the records in hand.
        if (random.below(30) === 0) return
        await settle(member, records)
      }
      await member.leave()
    } finally {
      client.close()
    }
  }

  const settle = async (member: ShareMember, records: readonly Delivered[]): Promise<void> => {
    const byPartition = new Map<number, Delivered[]>()
    for (const record of records) {
      const list = byPartition.get(record.partition) ?? []
      list.push(record)
      byPartition.set(record.partition, list)
    }
    for (const [partition, list] of byPartition) {
      const types = list.map(() => (random.below(20) === 0 ? REJECT : random.below(5) === 0 ? RELEASE : ACCEPT))
      const batches = list.map(({ offset }, index) => batch(offset, offset, types[index]!))
      const fate = (of: Fate) => {
        for (const [index, { value }] of list.entries()) {
          if (types[index] !== ACCEPT) continue
          if (of === 'asked') unanswered.add(value)
          else accepted.set(value, (accepted.get(value) ?? 0) + 1)
        }
      }
      let errorCode: number
      try {
        errorCode = await member.acknowledge(topicId, partition, batches)
      } catch (error) {
        fate('asked')
        throw error
      }
      if (errorCode !== 0) {
        // The coordinator may have the records though the answer is that it does not answer.
        if (errorCode !== 121) fate('asked')
        continue
      }
      fate('accepted')
      settled += list.length
    }
  }

  const workers = Array.from({ length: WORKERS }, work)
  let crashed = 0
  const supervise = async (): Promise<void> => {
    let last = -1
    for (let quiet = 0; quiet < 12; ) {
      await pause(5_000)
      quiet = settled === last ? quiet + 1 : 0
      last = settled
      if (crashed < crashes && random.below(2) === 0) {
        crashed++
        node.crash()
        broker = await Broker.start({ host: node.restart(), properties: PROPERTIES })
        quiet = 0
      }
    }
    isOver = true
  }
  await simulation.complete(Promise.all([supervise(), ...workers]))
  const reader = await simulation.complete(connect())
  const letters = await simulation.complete(deadLetters(reader))
  for (let index = 0; index < recordCount; index++) {
    const value = `v${index}`
    const [times, copies] = [accepted.get(value) ?? 0, letters.get(value) ?? 0]
    const isUnsure = unanswered.has(value)
    // A letter may be written twice when power fails between the letter and the note that it is written.
    if (times > 1 && !isUnsure) faults.push(`seed ${seed}: ${value} was accepted ${times} times`)
    if (times + copies === 0 && !isUnsure) faults.push(`seed ${seed}: ${value} is lost`)
    if (times > 0 && copies > 0 && !isUnsure) faults.push(`seed ${seed}: ${value} was accepted and is a dead letter`)
    if (copies > 1 && crashes === 0) faults.push(`seed ${seed}: ${value} is a dead letter ${copies} times`)
  }
  await simulation.complete(broker.stop())
  return {
    records: recordCount,
    accepted: accepted.size,
    deadLetters: letters.size,
    deliveries,
    crashes: crashed,
    faults,
  }
}

async function configure(client: Client): Promise<void> {
  const configs = {
    'share.auto.offset.reset': 'earliest',
    'share.assignment.interval.ms': '0',
    'share.record.lock.duration.ms': '15000',
    'errors.deadletterqueue.topic.name': 'dlq.q',
    'errors.deadletterqueue.copy.record.enable': 'true',
  }
  await client.send('IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType: 32,
        resourceName: 'g',
        configs: Object.entries(configs).map(([name, value]) => ({ name, value, configOperation: 0 })),
      },
    ],
    validateOnly: false,
  })
  await client.send('FindCoordinator', 6, { key: '', keyType: 0, coordinatorKeys: ['g'] })
}

async function deadLetters(client: Client): Promise<Map<string, number>> {
  const letters = new Map<string, number>()
  for (let next = 0; ; ) {
    const answer = await client.send('Fetch', 11, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1 << 22,
      isolationLevel: 0,
      topics: [
        { topic: 'dlq.q', partitions: [{ partition: 0, fetchOffset: BigInt(next), partitionMaxBytes: 1 << 22 }] },
      ],
      forgottenTopicsData: [],
      rackId: '',
      sessionId: 0,
      sessionEpoch: -1,
    })
    const bytes = answer?.responses[0]?.partitions[0]?.records
    const records = bytes === undefined || bytes === null ? [] : readRecords(bytes)
    for (const { value } of records) {
      const text = String(value && Buffer.from(value))
      letters.set(text, (letters.get(text) ?? 0) + 1)
    }
    if (records.length === 0) return letters
    next = records[records.length - 1]!.offset + 1
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '100000' },
      seeds: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      crashes: { type: 'string', default: '0' },
    },
  })
  for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.seeds); seed++) {
    const { faults, ...report } = await runWorkers(seed, Number(values.records), Number(values.crashes))
    const result = faults.length === 0 ? 'ok' : faults.slice(0, 10).join('\n')
    process.stdout.write(`seed ${seed} ${JSON.stringify(report)} ${result}\n`)
    if (faults.length > 0) process.exitCode = 1
  }
}
