// Many consumer groups that read the same end of a log: real members of classic groups, who join, send heartbeats and
// commit, each with a connection of its own that fetches, while a producer appends at a fixed pace.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Load } from '../sampler.ts'
import { Admin, type Offsets } from './admin.ts'
import { Connection, splitFrames } from './connection.ts'
import { FetchRequest } from './fetch-request.ts'
import { FetchScanner } from './fetch-scanner.ts'
import { produceFrame, readyBatch, recordsPerBatch } from './frames.ts'
import { checkProduced } from './produce-answer.ts'

export interface GroupsOptions {
  readonly topic: string
  readonly partitions: number
  readonly groups: number
  /** Bytes a second that the producer appends. */
  readonly pace: number
  readonly seconds: number
}

const recordSize = 1024
const batchSize = 16384
const turnMs = 5
const drainMs = 20_000
/** As clients do; they commit every 5 s, these with every heartbeat. */
const sessionTimeoutMs = 45_000
const heartbeatMs = 3000

interface Identity {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
}

export async function groups(bootstrap: string, options: GroupsOptions): Promise<Load> {
  const { topic, partitions } = options
  const admin = new Admin(bootstrap)
  const start = await admin.endOffsets(topic, partitions)
  admin.close()
  const members = await Promise.all(
    Array.from({ length: options.groups }, (_, index) => Member.join(bootstrap, `${topic}-${index}`, topic, start)),
  )
  const startedAt = performance.now()
  const appended = await append(bootstrap, options)
  const deadline = performance.now() + drainMs
  const behind = () => members.some((member) => member.bytes < appended.bytes)
  while (behind() && performance.now() < deadline) await sleep(turnMs)
  const seconds = (performance.now() - startedAt) / 1000
  const bytes = members.reduce((sum, member) => sum + member.bytes, 0)
  const incomplete = behind()
  await Promise.all(members.map((member) => member.leave()))
  if (incomplete) throw new Error(`${bytes} of ${appended.bytes * options.groups} bytes are read in time`)
  const records = appended.records * options.groups
  return { bytes, records, figures: { 'MB/s': bytes / 1e6 / seconds, 'appended MB/s': appended.bytes / 1e6 / seconds } }
}

/** Batches to the partitions in turn, at the pace asked for, or as fast as the broker takes them. */
async function append(bootstrap: string, options: GroupsOptions): Promise<{ bytes: number; records: number }> {
  const { topic, partitions, pace, seconds } = options
  const count = recordsPerBatch(batchSize, recordSize)
  const records = readyBatch({ recordSize, count, codec: 'none' })
  const frames = Array.from({ length: partitions }, (_, index) =>
    produceFrame({ topic, acks: 1 }, [{ index, records }]),
  )
  let answered = 0
  const connection = await Connection.open(
    bootstrap,
    splitFrames((frame) => {
      checkProduced(frame)
      answered++
    }),
  )
  const startedAt = performance.now()
  let sent = 0
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - startedAt) / 1000) {
    for (; sent * records.length < elapsed * pace; sent++) connection.write(frames[sent % partitions]!)
    await sleep(turnMs)
  }
  while (answered < sent) await sleep(turnMs)
  connection.close()
  return { bytes: sent * records.length, records: sent * count }
}

class Member {
  bytes = 0
  readonly #admin: Admin
  readonly #identity: Identity
  readonly #topic: string
  readonly #request: FetchRequest
  readonly #timer: NodeJS.Timeout
  #living: Promise<void> = Promise.resolve()
  #connection: Connection | undefined

  private constructor(admin: Admin, identity: Identity, topic: string, start: Offsets) {
    this.#admin = admin
    this.#identity = identity
    this.#topic = topic
    this.#request = new FetchRequest(topic, start)
    this.#timer = setInterval(() => {
      this.#living = this.#living.then(() => this.#live())
    }, heartbeatMs)
  }

  static async join(bootstrap: string, groupId: string, topic: string, start: Offsets): Promise<Member> {
    const admin = new Admin(bootstrap)
    const none = new Uint8Array()
    const request = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs: sessionTimeoutMs,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: none }],
    }
    await admin.awaitCoordinator(groupId)
    const { errorCode, generationId, memberId } = await admin.ask('JoinGroup', 3, request)
    if (errorCode !== 0) throw new Error(`${groupId}: joining is answered with error ${errorCode}`)
    const identity = { groupId, generationId, memberId }
    await admin.ask('SyncGroup', 2, { ...identity, assignments: [{ memberId, assignment: none }] })
    const member = new Member(admin, identity, topic, start)
    await member.#fetch(bootstrap)
    return member
  }

  async #fetch(bootstrap: string): Promise<void> {
    const scanner = new FetchScanner({
      onBatch: ({ partition, lastOffset, size }) => {
        this.bytes += size
        this.#request.offsets.set(partition, lastOffset + 1)
      },
      onAnswer: () => this.#connection?.write(this.#request.next()),
    })
    this.#connection = await Connection.open(bootstrap, (bytes) => scanner.push(bytes))
    this.#connection.write(this.#request.next())
  }

  async #live(): Promise<void> {
    const { groupId, generationId, memberId } = this.#identity
    const { errorCode } = await this.#admin.ask('Heartbeat', 2, this.#identity)
    if (errorCode !== 0) throw new Error(`${groupId}: a heartbeat is answered with error ${errorCode}`)
    const partitions = [...this.#request.offsets].map(([partitionIndex, offset]) => ({
      partitionIndex,
      committedOffset: BigInt(offset),
      committedMetadata: null,
    }))
    const topics = [{ name: this.#topic, partitions }]
    await this.#admin.ask('OffsetCommit', 5, { groupId, generationIdOrMemberEpoch: generationId, memberId, topics })
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer)
    await this.#living
    this.#connection?.close()
    const { groupId, memberId } = this.#identity
    await this.#admin.ask('LeaveGroup', 2, { groupId, memberId })
    this.#admin.close()
  }
}
