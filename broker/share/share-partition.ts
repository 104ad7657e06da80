// A partition as one share group sees it, on the broker that leads it: its records in flight, the state that is kept of
// them, the locks that time out, the fetches that wait for records.
//
//   loading ──▶ active ──▶ fenced      fenced: the partition is led elsewhere or gone, or the group's offsets were
//      └───────────────────▶ ┘         set anew. Whoever comes next begins with what is kept (share-partitions.ts).
//
// Source: SharePartition of Apache Kafka.

import { DiskError } from '../../host/disk.ts'
import type { Host, Timer } from '../../host/host.ts'
import { ErrorCode, errorName } from '../../protocol/error-codes.ts'
import type { ShareKey } from '../coordinator/share/share-machine.ts'
import type { ReadAnswer, StateAnswer, StateWrite } from '../coordinator/share/share-state-events.ts'
import type { Partition } from '../replication/partition.ts'
import type { DeadLetters } from './dead-letters.ts'
import { type Acknowledgement, InFlightRecords, stateBatches } from './in-flight-records.ts'
import type { InFlightRun } from './in-flight-run.ts'
import { initialOffset } from './initial-offset.ts'
import { ARCHIVING, RENEW, type StateBatch } from './record-state.ts'
import type { ShareGroupSettings } from './share-group-settings.ts'

/** Where delivery state is kept. Answers come when it is durable. */
export interface SharePersister {
  read(key: ShareKey, leaderEpoch: number): Promise<ReadAnswer>
  write(key: ShareKey, asked: StateWrite): Promise<StateAnswer>
}

/** Waits for records that may be acquired. */
export interface ShareWaiter {
  onShareProgress(): void
}

export interface SharePartitionOptions {
  readonly host: Host
  readonly key: ShareKey
  readonly partition: Partition
  readonly persister: SharePersister
  readonly deadLetters: DeadLetters
  readonly settings: () => ShareGroupSettings
  /** It serves nobody any more. */
  readonly onFenced: (partition: SharePartition) => void
}

export type AcknowledgeDone = (errorCode: number, errorMessage: string | null) => void

/** A first guess of how large records are, until some were seen. */
const RECORD_SIZE = 1024

/** Instead of an offset: it has to be read from the disk, which has failed. */
export const UNREADABLE = -1

export class SharePartition {
  readonly key: ShareKey
  readonly partition: Partition
  readonly #options: SharePartitionOptions
  /** That it reads and writes as; the partition's own moves on. */
  readonly leaderEpoch: number
  #stateEpoch = 0
  #records: InFlightRecords | null = null
  /** Set once it is fenced. */
  #errorCode: number = ErrorCode.NONE
  /** A fetch reads from the disk for it: others would read the same. */
  isReading = false
  /** Bytes a record, as seen lately. */
  recordSize = RECORD_SIZE
  readonly #waiters = new Set<ShareWaiter>()
  /** Writes of its state, and dead letters, that are not over. */
  #openCount = 0
  /** Nobody of the group is left: it ends when nothing is open. */
  #isRetiring = false
  #lockTimer: Timer | null = null
  #lockTimerAt = 0

  constructor(options: SharePartitionOptions) {
    this.#options = options
    this.key = options.key
    this.partition = options.partition
    this.leaderEpoch = options.partition.leaderEpoch
    this.#load().catch((error: unknown) => this.#onBug('its state cannot be loaded', error))
  }

  /** Null: it is not loaded yet, or fenced. */
  get records(): InFlightRecords | null {
    return this.#errorCode === ErrorCode.NONE ? this.#records : null
  }

  /** Why it serves nobody; NONE while it does, or is about to. */
  get errorCode(): number {
    return this.#errorCode
  }

  get settings(): ShareGroupSettings {
    return this.#options.settings()
  }

  /** Members are given what is below; UNREADABLE: what is committed has yet to be read, and cannot be. */
  get readableEnd(): number {
    const { log } = this.partition
    if (!this.settings.readCommitted) return log.highWatermark
    try {
      return log.lastStableOffset
    } catch (error) {
      if (error instanceof DiskError) return UNREADABLE
      throw error
    }
  }

  /** About how many records may be read from where a fetch would go on. */
  readableCount(records: InFlightRecords): number {
    return Math.max(0, this.readableEnd - records.nextFetchOffset())
  }

  addWaiter(waiter: ShareWaiter): void {
    this.#waiters.add(waiter)
  }

  removeWaiter(waiter: ShareWaiter): void {
    this.#waiters.delete(waiter)
  }

  async #load(): Promise<void> {
    const { persister, settings } = this.#options
    const { errorCode, errorMessage, startOffset, stateEpoch, batches } = await persister.read(
      this.key,
      this.leaderEpoch,
    )
    if (this.#errorCode !== ErrorCode.NONE) return
    if (errorCode !== ErrorCode.NONE) {
      this.#log('its state cannot be read', errorCode, errorMessage)
      this.fence(clientError(errorCode))
      return
    }
    this.#stateEpoch = stateEpoch
    const start = startOffset >= 0 ? startOffset : this.#initialOffset()
    if (start === UNREADABLE) {
      this.fence(ErrorCode.KAFKA_STORAGE_ERROR)
      return
    }
    this.#records = new InFlightRecords(start, batches, settings)
    this.#bury(this.#records.runs)
    this.wake()
  }

  #initialOffset(): number {
    const { partition, settings, host } = this.#options
    try {
      return initialOffset(partition.log, settings(), host.clock)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#log('where it begins cannot be read', ErrorCode.KAFKA_STORAGE_ERROR, error.message)
      return UNREADABLE
    }
  }

  /** Before anything is read or acquired. */
  followLogStart(): void {
    this.#records?.moveStart(this.partition.log.logStartOffset)
  }

  /** After records were acquired: their locks are watched. */
  watchLocks(): void {
    this.#armLockTimer(this.#now() + this.settings.lockDurationMs)
  }

  /** `done` is called, now or later, when what changed is durable, or why nothing has changed. */
  acknowledge(memberId: string, acknowledgements: readonly Acknowledgement[], done: AcknowledgeDone): void {
    const records = this.records
    if (records === null) {
      done(this.#errorCode === ErrorCode.NONE ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : this.#errorCode, null)
      return
    }
    this.followLogStart()
    const changed: InFlightRun[] = []
    const fault = records.acknowledge(memberId, acknowledgements, this.#now(), changed)
    if (fault !== null) done(fault.errorCode, fault.errorMessage)
    else if (changed.length === 0) done(ErrorCode.NONE, null)
    else this.#keep(records, changed, done)
    if (acknowledgements.some(({ types }) => types.includes(RENEW))) this.watchLocks()
  }

  /** The member is gone: what it has goes to others. */
  release(memberId: string, done: AcknowledgeDone): void {
    const { records } = this
    const changed: InFlightRun[] = []
    records?.release(memberId, changed)
    if (records === null || changed.length === 0) done(ErrorCode.NONE, null)
    else this.#keep(records, changed, done)
  }

  /** Makes pending changes durable. */
  #keep(records: InFlightRecords, changed: readonly InFlightRun[], done: AcknowledgeDone): void {
    this.#write(records, stateBatches(changed), ({ errorCode, errorMessage }) => {
      records.settle(changed, errorCode === ErrorCode.NONE, this.#now())
      done(clientError(errorCode), errorCode === ErrorCode.NONE ? null : errorMessage)
      // Where the change is lost, a lock may have ended meanwhile, for the last time; others are watched again.
      this.#bury(changed)
      if (errorCode !== ErrorCode.NONE) this.#watchFirstLock(records)
      this.wake()
    })
  }

  #write(records: InFlightRecords, batches: readonly StateBatch[], done: (answer: StateAnswer) => void): void {
    this.#openCount++
    this.#options.persister
      .write(this.key, {
        stateEpoch: this.#stateEpoch,
        leaderEpoch: this.leaderEpoch,
        startOffset: records.startOffset,
        deliveryCompleteCount: records.deliveryCompleteCount(),
        batches,
      })
      .then((answer) => {
        this.#openCount--
        if (answer.errorCode !== ErrorCode.NONE) this.#onWriteFailed(answer)
        done(answer)
        if (this.#isRetiring) this.retire()
      })
      .catch((error: unknown) => this.#onBug('a change of its state failed', error))
  }

  #onWriteFailed({ errorCode, errorMessage }: StateAnswer): void {
    this.#log('a change of its state was refused', errorCode, errorMessage)
    if (FENCING.has(errorCode)) this.fence(clientError(errorCode))
  }

  /** Copies what is being archived to the dead letter queue; then, whatever came of it, it is archived. */
  #bury(runs: readonly InFlightRun[]): void {
    const { deadLetters } = this.#options
    for (const run of runs) {
      if (run.state !== ARCHIVING) continue
      const isRejected = run.deliveryCount < this.settings.maxDeliveryCount
      // Else somebody who loads what is kept would write them once more.
      this.#openCount++
      deadLetters
        .write({
          groupId: this.key.groupId,
          partition: this.partition,
          firstOffset: run.first,
          lastOffset: run.last,
          deliveryCount: run.deliveryCount,
          reason: isRejected ? 'Offset rejected by client.' : 'Offset delivery count exceeded the threshold.',
        })
        .catch((error: unknown) => {
          this.#options.host.logger.error('share: dead letters cannot be written; they are archived all the same', {
            ...this.#fields(),
            first: run.first,
            last: run.last,
            error: error instanceof Error ? error.message : String(error),
          })
        })
        .then(() => this.#archive(run))
        .catch((error: unknown) => this.#onBug('dead letters cannot be archived', error))
    }
  }

  #archive(run: InFlightRun): void {
    this.#openCount--
    const { records } = this
    if (records === null) return
    records.archive(run)
    this.#write(records, stateBatches([run]), () => {
      records.advance()
      this.wake()
    })
  }

  #armLockTimer(at: number): void {
    if (this.#lockTimer !== null && this.#lockTimerAt <= at) return
    this.#lockTimer?.cancel()
    this.#lockTimerAt = at
    this.#lockTimer = this.#options.host.timers.after(Math.max(1, at - this.#now()), () => this.#onLockTimer())
  }

  #onLockTimer(): void {
    this.#lockTimer = null
    const { records } = this
    if (records === null) return
    const changed: InFlightRun[] = []
    records.expire(this.#now(), changed)
    this.#watchFirstLock(records)
    if (changed.length === 0) return
    // The others may be acquired, and in another change, when this one is durable.
    const dying = changed.filter((run) => run.state === ARCHIVING)
    this.#write(records, stateBatches(changed), () => {
      this.#bury(dying)
      this.wake()
    })
    this.wake()
  }

  #watchFirstLock(records: InFlightRecords): void {
    const at = records.firstLockEndMs()
    if (at !== Number.POSITIVE_INFINITY && this.#errorCode === ErrorCode.NONE) this.#armLockTimer(at)
  }

  /** It serves nobody from now on; who waits is told. Idempotent. */
  fence(errorCode: number): void {
    if (this.#errorCode !== ErrorCode.NONE) return
    this.#errorCode = errorCode
    this.#lockTimer?.cancel()
    this.#lockTimer = null
    this.#options.onFenced(this)
    this.wake()
  }

  /** The group has no session any more; whoever comes after this begins with what is kept. */
  retire(): void {
    this.#isRetiring = true
    if (this.#openCount === 0) this.fence(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  }

  /** Somebody has come before it was over. */
  stay(): void {
    this.#isRetiring = false
  }

  /** Those who come while others are woken wait for the next time. */
  wake(): void {
    for (const waiter of [...this.#waiters]) if (this.#waiters.has(waiter)) waiter.onShareProgress()
  }

  #now(): number {
    return this.#options.host.clock.monotonic()
  }

  #onBug(message: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#options.host.logger.error(`share: ${message}`, { ...this.#fields(), error: text })
    this.fence(ErrorCode.UNKNOWN_SERVER_ERROR)
  }

  #log(message: string, errorCode: number, errorMessage: string | null): void {
    const fields = { ...this.#fields(), error: errorName(errorCode), message: errorMessage ?? '' }
    this.#options.host.logger.warn(`share: ${message}`, fields)
  }

  #fields() {
    return { group: this.key.groupId, topic: this.partition.topic, partition: this.partition.index }
  }
}

/** After these there is no going on with what is in memory. */
const FENCING: ReadonlySet<number> = new Set([
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.FENCED_STATE_EPOCH,
  ErrorCode.GROUP_ID_NOT_FOUND,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.INVALID_REQUEST,
])

/** An error of the coordinator as members understand it. */
function clientError(errorCode: number): number {
  switch (errorCode) {
    case ErrorCode.NONE:
    case ErrorCode.GROUP_ID_NOT_FOUND:
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
      return errorCode
    case ErrorCode.NOT_COORDINATOR:
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    case ErrorCode.FENCED_LEADER_EPOCH:
    case ErrorCode.FENCED_STATE_EPOCH:
      return ErrorCode.NOT_LEADER_OR_FOLLOWER
    default:
      return ErrorCode.UNKNOWN_SERVER_ERROR
  }
}
