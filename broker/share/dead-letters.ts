// Dead letters (KIP-1191): records that were rejected, or delivered too often, are written to the topic that the group
// names, with headers that say where they come from and why; with their keys and values when the group wants that. The
// topic must allow it, and is created when the cluster allows that. Tried five times, then given up: the record counts
// as archived all the same, as in Kafka (ShareGroupDLQStateManager).

import type { Host } from '../../host/host.ts'
import { letGoOfAll } from '../../host/slab.ts'
import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode, errorName } from '../../protocol/error-codes.ts'
import { isControl, viewOf } from '../../protocol/records/batch.ts'
import { BatchBuilder, type RecordInput } from '../../protocol/records/builder.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { RECORDS } from '../../protocol/records/layout.ts'
import { readableRecords } from '../../protocol/records/record.ts'
import type { Partition } from '../replication/partition.ts'

export interface DeadLetter {
  readonly groupId: string
  readonly partition: Partition
  readonly firstOffset: number
  readonly lastOffset: number
  readonly deliveryCount: number
  readonly reason: string
}

/** What is configured, read at each attempt. */
export interface DeadLetterSettings {
  /** Of the group. */
  readonly topic: string
  readonly copiesRecords: boolean
  /** Of the cluster. */
  readonly prefix: string
  readonly createsTopics: boolean
  /** Of the topic; undefined: it does not exist. */
  readonly isAllowedByTopic: boolean | undefined
}

export interface DeadLetterSurroundings {
  readonly host: Host
  readonly settings: (groupId: string) => DeadLetterSettings
  readonly partitionCount: (topic: string) => number
  readonly partition: (topic: string, index: number) => Partition | undefined
  readonly createTopics: (request: RequestOf<'CreateTopics'>) => Promise<ResponseInputOf<'CreateTopics'>>
}

const MAX_ATTEMPTS = 5
const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 30_000
const CREATE_TIMEOUT_MS = 30_000
const DEFAULT = -1
const READ_SIZE = 1024 * 1024
const encoder = new TextEncoder()

/** Trying again does not help. */
class Misconfigured extends Error {}

export class DeadLetters {
  readonly #surroundings: DeadLetterSurroundings

  constructor(surroundings: DeadLetterSurroundings) {
    this.#surroundings = surroundings
  }

  /** Resolves when they are durable; rejects when they never will be. */
  async write(letter: DeadLetter): Promise<void> {
    const { timers } = this.#surroundings.host
    let next = letter.firstOffset
    let records: ReadonlyMap<number, RecordInput> | null = null
    for (let attempt = 1; next <= letter.lastOffset; ) {
      try {
        const settings = this.#checked(letter.groupId)
        records ??= settings.copiesRecords ? await this.#read(letter) : new Map()
        const target = await this.#target(settings.topic, letter.partition.index)
        next = await this.#append(letter, next, records, target)
        attempt = 1
      } catch (error) {
        if (error instanceof Misconfigured || attempt >= MAX_ATTEMPTS) throw error
        const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1))
        attempt++
        await new Promise<void>((resolve) => timers.after(pause, resolve))
      }
    }
  }

  #checked(groupId: string): DeadLetterSettings {
    const settings = this.#surroundings.settings(groupId)
    const { topic, prefix, createsTopics, isAllowedByTopic } = settings
    if (topic === '') throw new Misconfigured(`the group ${groupId} has no dead letter topic`)
    if (topic.startsWith('__')) throw new Misconfigured(`the dead letter topic ${topic} begins with __`)
    if (isAllowedByTopic === false) throw new Misconfigured(`the topic ${topic} does not take dead letters`)
    if (isAllowedByTopic === undefined && !createsTopics) {
      throw new Misconfigured(`the dead letter topic ${topic} does not exist and may not be created`)
    }
    if (prefix !== '' && !topic.startsWith(prefix)) {
      throw new Misconfigured(`the dead letter topic ${topic} does not begin with ${prefix}`)
    }
    return settings
  }

  /** Which partition it goes to: that of the same number, as far as there are as many. */
  async #target(topic: string, sourceIndex: number): Promise<Partition> {
    const { partitionCount, partition } = this.#surroundings
    if (partitionCount(topic) === 0) await this.#create(topic)
    const count = partitionCount(topic)
    const target = count === 0 ? undefined : partition(topic, sourceIndex % count)
    if (target === undefined) throw new Error(`no partition of ${topic} is led here yet`)
    return target
  }

  async #create(name: string): Promise<void> {
    const configs = [
      { name: 'errors.deadletterqueue.group.enable', value: 'true' },
      { name: 'message.timestamp.type', value: 'CreateTime' },
    ]
    const topic = { name, numPartitions: DEFAULT, replicationFactor: DEFAULT, assignments: [], configs }
    const { topics } = await this.#surroundings.createTopics({
      topics: [topic],
      timeoutMs: CREATE_TIMEOUT_MS,
      validateOnly: false,
    })
    const errorCode = topics[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return
    throw new Error(`the topic ${name} cannot be created: ${errorName(errorCode)}`)
  }

  /** One batch, as many as the topic takes by one. Returns the first offset that is not in it. */
  async #append(
    letter: DeadLetter,
    from: number,
    records: ReadonlyMap<number, RecordInput>,
    target: Partition,
  ): Promise<number> {
    const builder = new BatchBuilder({ timestamp: this.#surroundings.host.clock.now() })
    const { maxMessageBytes } = target.log.config
    let size = RECORDS
    let next = from
    for (; next <= letter.lastOffset; next++) {
      const source = records.get(next)
      const record = { key: source?.key ?? null, value: source?.value ?? null, headers: headersOf(letter, next) }
      size += builder.sizeOf(record)
      if (builder.count > 0 && size > maxMessageBytes) break
      builder.append(record)
    }
    const result = target.appendAsLeader(builder.build(), 'client')
    if (result.errorCode !== ErrorCode.NONE) throw new Error(`the log refused: ${errorName(result.errorCode)}`)
    const errorCode = await new Promise<number>((resolve) => {
      target.whenCommitted(result.lastOffset + 1, { onOffset: resolve })
    })
    if (errorCode !== ErrorCode.NONE) throw new Error(`the append was lost: ${errorName(errorCode)}`)
    return next
  }

  /** What is still there of the records; none when they cannot be read. */
  async #read({ partition, firstOffset, lastOffset }: DeadLetter): Promise<ReadonlyMap<number, RecordInput>> {
    const records = new Map<number, RecordInput>()
    const { log } = partition
    for (let next = Math.max(firstOffset, log.logStartOffset); next <= lastOffset; ) {
      const after = await new Promise<number>((resolve) => {
        log.read(next, READ_SIZE, log.highWatermark, true, (errorCode, slices) => {
          const read = errorCode === ErrorCode.NONE ? collect(slices, next, lastOffset, records) : next
          letGoOfAll(slices)
          resolve(read)
        })
      })
      if (after === next) break
      next = after
    }
    return records
  }
}

function collect(slices: readonly Uint8Array[], from: number, to: number, records: Map<number, RecordInput>): number {
  const cursor = new BatchCursor()
  let next = from
  for (const slice of slices) {
    const view = viewOf(slice)
    cursor.reset(slice, view, 0, slice.length)
    while (cursor.next() && next <= to) {
      next = cursor.lastOffset + 1
      if (cursor.magic === 2 && isControl(view, cursor.position)) continue
      for (const { offset, key, value } of readableRecords(slice, view, cursor.position)) {
        if (offset < from || offset > to) continue
        records.set(offset, { key: key && new Uint8Array(key), value: value && new Uint8Array(value) })
      }
    }
  }
  return next
}

function headersOf({ groupId, partition, deliveryCount, reason }: DeadLetter, offset: number) {
  const header = (name: string, value: string) => ({ key: `__dlq.errors.${name}`, value: encoder.encode(value) })
  return [
    header('topic', partition.topic),
    header('partition', String(partition.index)),
    header('offset', String(offset)),
    header('group', groupId),
    header('delivery.count', String(deliveryCount)),
    header('message', reason),
  ]
}
