// Workers of one share group that accept, release and reject at random, and now and then crash with records in hand, on
// a broker that may be killed meanwhile: on a simulated machine (workers.ts) or a real one
// (test/clients/share-kill9.ts).
//
//   each record is accepted, or a dead letter after its limit; none is lost
//   what was accepted, and the answer has come, is never delivered again
//
// What may happen all the same: an acknowledgement whose answer was lost with a connection may or may not count, so a
// record may be accepted once more after it, as with any at-least-once queue. Such records are told apart by value. A
// letter may be written twice when the broker dies between the letter and the note that it is written.

import { ACCEPT, REJECT, RELEASE } from '../../../broker/share/record-state.ts'
import type { Host } from '../../../host/host.ts'
import type { Address } from '../../../host/network.ts'
import type { SeededRandom } from '../../../host/simulated/random.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { fetchedRecords } from '../../sim/fetched.ts'
import { WireClient } from '../../wire-client.ts'
import { batchOf } from '../harness.ts'
import { batch, type Delivered, ShareMember } from './harness.ts'

const TOPIC = 'q'
const DEAD_LETTERS = 'dlq.q'
const GROUP = 'g'
const WORKERS = 20
const PARTITIONS = 4
const RECORDS_A_BATCH = 50
const HEARTBEAT_MS = 3_000

/** Of the broker. Workers crash without leaving: many members are known at a time. */
export const WORKLOAD_PROPERTIES = {
  'offsets.topic.num.partitions': '2',
  'share.coordinator.state.topic.num.partitions': '2',
  'group.share.delivery.count.limit': '4',
  'group.share.max.size': '1000',
  'group.share.min.session.timeout.ms': '10000',
  'group.share.session.timeout.ms': '10000',
  'group.share.heartbeat.interval.ms': String(HEARTBEAT_MS),
  'group.share.min.heartbeat.interval.ms': String(HEARTBEAT_MS),
  'errors.deadletterqueue.auto.create.topics.enable': 'true',
}

const GROUP_CONFIGS = {
  'share.auto.offset.reset': 'earliest',
  'share.assignment.interval.ms': '0',
  'share.record.lock.duration.ms': '15000',
  'errors.deadletterqueue.topic.name': DEAD_LETTERS,
  'errors.deadletterqueue.copy.record.enable': 'true',
}

export interface ShareWorkloadReport {
  readonly records: number
  readonly accepted: number
  readonly deadLetters: number
  readonly deliveries: number
  /** Acknowledgements whose answer was lost. */
  readonly unanswered: number
  readonly faults: readonly string[]
}

export class ShareWorkload {
  readonly #host: Host
  readonly #broker: Address
  readonly #random: Pick<SeededRandom, 'below'>
  #topicId = ''
  #recordCount = 0
  /** How often each record was accepted by an acknowledgement that was answered. */
  readonly #accepted = new Map<string, number>()
  /** Accepted or rejected by one that never was. */
  readonly #unanswered = new Set<string>()
  readonly #faults: string[] = []
  #deliveries = 0
  #memberCount = 0
  #isOver = false
  #workers: Promise<void>[] = []

  constructor(host: Host, broker: Address, random: Pick<SeededRandom, 'below'>) {
    this.#host = host
    this.#broker = broker
    this.#random = random
  }

  /** So far, in all. */
  get deliveries(): number {
    return this.#deliveries
  }

  /** Makes the topic and the group's configuration; the workers begin. */
  async start(): Promise<void> {
    await this.#withClient(async (client) => {
      const topic = { name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [] }
      const created = await client.send('CreateTopics', 7, { topics: [topic], timeoutMs: 10_000, validateOnly: false })
      this.#topicId = created?.topics[0]?.topicId ?? ''
      const configs = Object.entries(GROUP_CONFIGS).map(([name, value]) => ({ name, value, configOperation: 0 }))
      const resources = [{ resourceType: 32, resourceName: GROUP, configs }]
      await client.send('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
      await client.send('FindCoordinator', 6, { key: '', keyType: 0, coordinatorKeys: [GROUP] })
    })
    this.#workers = Array.from({ length: WORKERS }, () => this.#work())
  }

  /** As many records more, durable. */
  async produce(count: number): Promise<void> {
    await this.#withClient(async (client) => {
      for (let left = count; left > 0; left -= RECORDS_A_BATCH) {
        const size = Math.min(left, RECORDS_A_BATCH)
        const values = Array.from({ length: size }, (_, index) => `v${this.#recordCount + index}`)
        const index = Math.floor(this.#recordCount / RECORDS_A_BATCH) % PARTITIONS
        const answer = await client.send('Produce', 9, {
          acks: -1,
          timeoutMs: 10_000,
          topicData: [{ name: TOPIC, partitionData: [{ index, records: batchOf(values) }] }],
        })
        const errorCode = answer?.responses[0]?.partitionResponses[0]?.errorCode
        if (errorCode !== ErrorCode.NONE) throw new Error(`not produced: ${errorCode}`)
        this.#recordCount += size
      }
    })
  }

  /** Waits until the group is done with all records, for as long as this; then what came of each. */
  async finish(patienceMs: number): Promise<ShareWorkloadReport> {
    const giveUpAt = this.#host.clock.monotonic() + patienceMs
    let lag = await this.#lag()
    while (lag !== 0 && this.#host.clock.monotonic() < giveUpAt) {
      await this.#pause(200)
      lag = await this.#lag()
    }
    if (lag !== 0) this.#faults.push(`the group is not done: its lag is ${lag}`)
    this.#isOver = true
    await Promise.all(this.#workers)
    const letters = await this.#readLetters()
    for (let index = 0; index < this.#recordCount; index++) this.#verify(`v${index}`, letters)
    return {
      records: this.#recordCount,
      accepted: this.#accepted.size,
      deadLetters: letters.size,
      deliveries: this.#deliveries,
      unanswered: this.#unanswered.size,
      faults: this.#faults,
    }
  }

  #verify(value: string, letters: ReadonlyMap<string, number>): void {
    if (this.#unanswered.has(value)) return
    const [times, copies] = [this.#accepted.get(value) ?? 0, letters.get(value) ?? 0]
    if (times > 1) this.#faults.push(`${value} was accepted ${times} times`)
    if (times + copies === 0) this.#faults.push(`${value} is lost`)
    if (times > 0 && copies > 0) this.#faults.push(`${value} was accepted and is a dead letter`)
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#withClient((client) => this.#live(new ShareMember(client, GROUP, `w${++this.#memberCount}`)))
      } catch {
        // The broker is gone, or does not know the member any more: another life.
        await this.#pause(100)
      }
    }
  }

  async #live(member: ShareMember): Promise<void> {
    const { clock } = this.#host
    let nextHeartbeat = 0
    for (let topics: string[] | null = [TOPIC]; !this.#isOver; topics = null) {
      if (clock.monotonic() >= nextHeartbeat) {
        const answer = await member.heartbeat(topics)
        if (answer.errorCode !== ErrorCode.NONE) throw new Error(`heartbeat: ${answer.errorCode}`)
        nextHeartbeat = clock.monotonic() + HEARTBEAT_MS
        if (member.assigned.length === 0) {
          await this.#pause(500)
          nextHeartbeat = 0
          continue
        }
      }
      const { answer, records } = await member.fetch({ maxRecords: 60, batchSize: 20, maxWaitMs: 300 })
      if (answer.errorCode !== ErrorCode.NONE) throw new Error(`fetch: ${answer.errorCode}`)
      this.#deliveries += records.length
      for (const { value, deliveryCount } of records) {
        if (this.#accepted.has(value)) this.#faults.push(`${value} came again, ${deliveryCount}, after it was accepted`)
      }
      // A crash with the records in hand.
      if (records.length > 0 && this.#random.below(30) === 0) return
      await this.#settle(member, records)
    }
    await member.leave()
  }

  async #settle(member: ShareMember, records: readonly Delivered[]): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const ofPartition = records.filter((record) => record.partition === partition)
      if (ofPartition.length === 0) continue
      const types = ofPartition.map(() => this.#choose())
      const batches = ofPartition.map(({ offset }, index) => batch(offset, offset, types[index]!))
      const values = ofPartition.flatMap(({ value }, index) => (types[index] === RELEASE ? [] : [value]))
      let errorCode: number
      try {
        errorCode = await member.acknowledge(this.#topicId, partition, batches)
      } catch (error) {
        for (const value of values) this.#unanswered.add(value)
        throw error
      }
      if (errorCode === ErrorCode.NONE) this.#note(ofPartition, types)
      // Of other errors than this one the coordinator may have the records all the same.
      else if (errorCode !== ErrorCode.INVALID_RECORD_STATE) for (const value of values) this.#unanswered.add(value)
    }
  }

  #choose(): number {
    if (this.#random.below(20) === 0) return REJECT
    return this.#random.below(5) === 0 ? RELEASE : ACCEPT
  }

  #note(records: readonly Delivered[], types: readonly number[]): void {
    for (const [index, { value }] of records.entries()) {
      if (types[index] === ACCEPT) this.#accepted.set(value, (this.#accepted.get(value) ?? 0) + 1)
    }
  }

  /** Null: it cannot be told now. */
  async #lag(): Promise<number | null> {
    const asked = { groups: [{ groupId: GROUP, topics: null }] }
    const answer = await this.#withClient((client) => client.send('DescribeShareGroupOffsets', 1, asked))
    const lags = answer?.groups[0]?.topics[0]?.partitions.map(({ lag }) => Number(lag)) ?? []
    if (lags.length < PARTITIONS || lags.some((lag) => lag < 0)) return null
    return lags.reduce((sum, lag) => sum + lag, 0)
  }

  async #readLetters(): Promise<Map<string, number>> {
    const letters = new Map<string, number>()
    await this.#withClient(async (client) => {
      for (let next = 0; ; ) {
        const partition = { partition: 0, fetchOffset: BigInt(next), partitionMaxBytes: 1 << 22 }
        const answer = await client.send('Fetch', 11, {
          maxWaitMs: 0,
          minBytes: 0,
          maxBytes: 1 << 22,
          isolationLevel: 0,
          topics: [{ topic: DEAD_LETTERS, partitions: [partition] }],
          forgottenTopicsData: [],
          rackId: '',
          sessionId: 0,
          sessionEpoch: -1,
        })
        const records = fetchedRecords(answer?.responses[0]?.partitions[0]?.records)
        if (records.length === 0) return
        for (const { value } of records) {
          const text = String(value && Buffer.from(value))
          letters.set(text, (letters.get(text) ?? 0) + 1)
        }
        next = records[records.length - 1]!.offset + 1
      }
    })
    return letters
  }

  async #withClient<T>(use: (client: WireClient) => Promise<T>): Promise<T> {
    const client = await this.#connect()
    try {
      return await use(client)
    } finally {
      client.close()
    }
  }

  async #connect(): Promise<WireClient> {
    for (;;) {
      try {
        return new WireClient(await this.#host.network.connect(this.#broker), 'share')
      } catch {
        await this.#pause(50)
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#host.timers.after(ms, resolve))
  }
}
