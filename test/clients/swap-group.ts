// A consumer group (KIP-848) over crashes and swaps of its broker: members that read, note what they have read, and
// commit. Whatever broker comes back, a member goes on at or behind the last commit that was acknowledged, and in the
// end each record was read, as it is in the log.

import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import type { ApiName } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { fetchedRecords } from '../sim/fetched.ts'
import { type ClientSetting, LastingClient, Setback } from '../sim/lasting-client.ts'
import type { WireClient } from '../wire-client.ts'

const GROUP = 'swapped-readers'
const HEARTBEAT_MS = 500
const SUBSCRIPTION_MS = 60_000

/** The member goes on with a new connection. */
const EXPECTED: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.OFFSET_NOT_AVAILABLE,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.STALE_MEMBER_EPOCH,
])
const FENCED: ReadonlySet<number> = new Set([ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID])

/** What the members of the group know together. */
export class SwappedGroup {
  readonly topic: string
  /** By partition: the value at each offset that was read. */
  readonly #read: Map<number, string>[]
  readonly #acknowledged: number[]
  readonly #sent: number[]
  readonly #members: readonly SwappedMember[]
  commits = 0

  constructor(setting: Omit<ClientSetting, 'name'>, topic: string, partitionCount: number) {
    this.topic = topic
    this.#read = Array.from({ length: partitionCount }, () => new Map())
    this.#acknowledged = this.#read.map(() => 0)
    this.#sent = this.#read.map(() => 0)
    this.#members = ['m0', 'm1'].map((name) => new SwappedMember({ ...setting, name }, this))
  }

  get partitionCount(): number {
    return this.#read.length
  }

  start(): void {
    for (const member of this.#members) member.start()
  }

  check(): void {
    for (const { name, fault } of this.#members) {
      if (fault !== null) throw fault instanceof Error ? fault : new Error(`${name}: ${fault}`)
    }
  }

  note(partition: number, offset: number, value: string): void {
    const before = this.#read[partition]!.get(offset)
    assert.ok(before === undefined || before === value, `at ${partition}:${offset} there was ${before}, now ${value}`)
    this.#read[partition]!.set(offset, value)
  }

  noteSent(partition: number, offset: number): void {
    this.#sent[partition] = Math.max(this.#sent[partition]!, offset)
  }

  noteAcknowledged(partition: number, offset: number): void {
    this.#acknowledged[partition] = Math.max(this.#acknowledged[partition]!, offset)
    this.commits++
  }

  /** Where a member that was just given the partition goes on. */
  checkCommitted(partition: number, offset: number): void {
    const range = `${this.#acknowledged[partition]} to ${this.#sent[partition]}`
    const isBetween = offset >= this.#acknowledged[partition]! && offset <= this.#sent[partition]!
    assert.ok(isBetween, `committed of partition ${partition} is ${offset}, not ${range}`)
  }

  hasRead(logs: readonly (readonly string[])[]): boolean {
    return logs.every((log, partition) => this.#read[partition]!.size >= log.length)
  }

  /** Against the logs as they are; then the members stop. */
  verify(logs: readonly (readonly string[])[]): void {
    this.check()
    for (const [partition, log] of logs.entries()) {
      const read = log.map((_, offset) => this.#read[partition]!.get(offset))
      assert.deepEqual(read, log, `what the group has read of partition ${partition}`)
    }
    for (const member of this.#members) member.stop()
  }
}

class SwappedMember extends LastingClient {
  readonly #group: SwappedGroup
  readonly #memberId = randomBytes(16).toString('base64url')
  #epoch = 0
  #topicId = ''
  #wanted: readonly number[] = []
  /** Partition → where it goes on. */
  readonly #positions = new Map<number, number>()

  constructor(setting: ClientSetting, group: SwappedGroup) {
    super(setting)
    this.#group = group
  }

  protected onConnected(client: WireClient): void {
    this.#work(client).catch((error: unknown) => {
      if (!(error instanceof Setback)) this.fault ??= error
      this.reconnect(client)
    })
  }

  async #work(client: WireClient): Promise<void> {
    const found = await this.answerOf(client, 'FindCoordinator', 4, { keyType: 0, coordinatorKeys: [GROUP] })
    this.#check('FindCoordinator', found.coordinators[0]?.errorCode)
    this.#positions.clear()
    let heartbeatAt = 0
    while (!this.isStopped && this.client === client) {
      if (this.host.clock.monotonic() >= heartbeatAt) {
        await this.#heartbeat(client)
        heartbeatAt = this.host.clock.monotonic() + HEARTBEAT_MS
      }
      for (const partition of this.#wanted) await this.#consume(client, partition)
      if (this.#wanted.length === 0) await new Promise<void>((resolve) => this.later(resolve))
    }
  }

  async #heartbeat(client: WireClient): Promise<void> {
    const isJoining = this.#epoch === 0
    const topicPartitions = this.#wanted.length === 0 ? [] : [{ topicId: this.#topicId, partitions: [...this.#wanted] }]
    const answer = await this.answerOf(client, 'ConsumerGroupHeartbeat', 1, {
      groupId: GROUP,
      memberId: this.#memberId,
      memberEpoch: this.#epoch,
      rebalanceTimeoutMs: isJoining ? SUBSCRIPTION_MS : -1,
      subscribedTopicNames: isJoining ? [this.#group.topic] : null,
      topicPartitions: isJoining ? [] : topicPartitions,
    })
    if (FENCED.has(answer.errorCode)) {
      this.#epoch = 0
      this.#wanted = []
    }
    this.#check('ConsumerGroupHeartbeat', answer.errorCode)
    this.#epoch = answer.memberEpoch
    if (answer.assignment === null) return
    const [topic] = answer.assignment.topicPartitions
    this.#topicId = topic?.topicId ?? this.#topicId
    this.#wanted = topic?.partitions ?? []
    for (const partition of this.#positions.keys())
      if (!this.#wanted.includes(partition)) this.#positions.delete(partition)
  }

  async #consume(client: WireClient, partition: number): Promise<void> {
    const offset = this.#positions.get(partition) ?? (await this.#committed(client, partition))
    this.#positions.set(partition, offset)
    const partitions = [{ partition, fetchOffset: BigInt(offset), partitionMaxBytes: 1 << 16 }]
    const answer = await this.answerOf(client, 'Fetch', 11, {
      ...{ maxWaitMs: 100, minBytes: 1, maxBytes: 1 << 16, isolationLevel: 0, sessionId: 0, sessionEpoch: -1 },
      ...{ forgottenTopicsData: [], rackId: '', topics: [{ topic: this.#group.topic, partitions }] },
    })
    const result = answer.responses[0]?.partitions[0]
    this.#check('Fetch', result?.errorCode)
    const records = fetchedRecords(result?.records).filter((record) => record.offset >= offset)
    if (records.length === 0) return
    for (const record of records) this.#group.note(partition, record.offset, Buffer.from(record.value ?? []).toString())
    const next = records.at(-1)!.offset + 1
    await this.#commit(client, partition, next)
    this.#positions.set(partition, next)
  }

  async #committed(client: WireClient, partition: number): Promise<number> {
    const topics = [{ name: this.#group.topic, partitionIndexes: [partition] }]
    const asked = { groupId: GROUP, memberId: this.#memberId, memberEpoch: this.#epoch, topics }
    const answer = await this.answerOf(client, 'OffsetFetch', 9, { groups: [asked], requireStable: true })
    const group = answer.groups[0]
    const found = group?.topics[0]?.partitions[0]
    this.#check('OffsetFetch', group?.errorCode || found?.errorCode)
    const offset = Math.max(0, Number(found?.committedOffset))
    this.#group.checkCommitted(partition, offset)
    return offset
  }

  async #commit(client: WireClient, partition: number, offset: number): Promise<void> {
    this.#group.noteSent(partition, offset)
    const partitions = [{ partitionIndex: partition, committedOffset: BigInt(offset), committedMetadata: '' }]
    const answer = await this.answerOf(client, 'OffsetCommit', 9, {
      groupId: GROUP,
      memberId: this.#memberId,
      generationIdOrMemberEpoch: this.#epoch,
      topics: [{ name: this.#group.topic, partitions }],
    })
    this.#check('OffsetCommit', answer.topics[0]?.partitions[0]?.errorCode)
    this.#group.noteAcknowledged(partition, offset)
  }

  #check(name: ApiName, errorCode: number | undefined): void {
    if (errorCode === ErrorCode.NONE) return
    const isExpected = errorCode !== undefined && (EXPECTED.has(errorCode) || FENCED.has(errorCode))
    assert.ok(isExpected, `${this.name}: ${name} answers ${errorCode}`)
    throw new Setback(`${name} answers ${errorCode}`)
  }
}
