// Small appends of all logs of a directory made durable together: one write and one fdatasync for what is waiting,
// whatever the number of logs. Their own files are written as ever, and synced behind it.
//
//   turn     log A ─┐  append: written to its .log, in the page cache
//            log B ─┤
//            log C ─┘
//   its end  │ record: batches of A, B, C │ ──► one write, one fdatasync ──► durable: A, B, C
//   later    the .log files of A, B, C are synced, a few at a time ──► recovery points, and room in the journal
//
// Two files take turns. When one is full, every log in it is synced past what it has there, beside the rounds; before
// that the file is not written over. While there is no room, logs are synced one by one as without a journal.
//
// Invariants: an entry begins where its log was durable before it, so what is durable is in the file or here, without
// a gap. The file written last has every record that was synced; of the one before, all that is missing is in the logs'
// own files. Two records may be under way, never with the same log (journal-lane.ts): one that is torn was promised to
// nobody, and does not hide the next. After an unclean stop no lap begins before every log of it is recovered and
// synced. A clean stop makes the journal void.
// Layout: journal-layout.ts; recovery: journal-replay.ts. docs/decisions/group-commit.md has the numbers.

import { DiskError } from '../../host/disk.ts'
import type { StorageEnvironment } from '../environment.ts'
import { join } from '../file-names.ts'
import { JournalContents, type JournalEntry } from './journal-contents.ts'
import { JournalFile } from './journal-file.ts'
import { JournalLane, type LaneOwner } from './journal-lane.ts'
import { ENTRY_HEADER_SIZE, JOURNAL_FILES, RECORD_HEADER_SIZE, SECTOR_SIZE, toSectors } from './journal-layout.ts'
import { JournalRecord } from './journal-record.ts'

/** Of one log in one record. Twice the bytes are written: from 64 KiB on that costs more than the syncs it saves. */
const MAX_ENTRY_SIZE = 32 * 1024
const MAX_RECORD_SIZE = 512 * 1024
/** For truncations, which must not fail for want of room. */
const RESERVED_SIZE = 64 * SECTOR_SIZE
const MIN_FILE_SIZE = 16 * SECTOR_SIZE
/** After a failed write. */
const PAUSE_MS = 1000
/** From one part of the files to the next, unless room is short: records wait behind the sync of a part. */
const FILL_PAUSE_MS = 50
/** Times the syncs that it is begun after: then the rest is made. Who syncs little, writes little of it. */
const WHOLE_AFTER = 10

/** A log may not go into the journal this time, or has nothing for it. */
export const NO_ENTRY = -1
/** It will, in the next record. */
export const NO_ROOM = -2

export interface JournaledLog {
  /** Adds what is written and not durable to the record. Returns where that ends, NO_ENTRY or NO_ROOM. */
  fillEntry(record: JournalRecord): number
  /** What the last `fillEntry` added is durable. */
  onJournaled(): void
  /** It is not, or was not taken: the log's own file is to be synced. */
  onLeftOut(): void
  /** The log's own file is to be synced, though nobody waits for it. */
  settle(): void
}

type State = 'starting' | 'idle' | 'preparing' | 'open' | 'off'

export class Journal implements LaneOwner<JournaledLog> {
  /** More would rather be synced in the log's own file. */
  readonly maxEntrySize: number
  readonly #environment: StorageEnvironment
  readonly #fileSize: number
  readonly #directory: string
  readonly #onFailed: (error: DiskError) => void
  readonly #files: readonly JournalFile<JournaledLog>[]
  readonly #contents = new JournalContents()
  #current: JournalFile<JournaledLog>
  #state: State = 'starting'
  readonly #lanes: readonly JournalLane<JournaledLog>[]
  #waiting: JournaledLog[] = []
  /** Of #waiting, when they came. */
  #waitingSize = 0
  #pausedUntilMs = 0
  /** Have yet to be made as long as they shall be. */
  #unfilled: readonly JournalFile<JournaledLog>[] = []
  /** The rest is made when many records have come, or room is short. */
  #isFillPaused = false
  /** Syncs that it could have spared: it is made when they are many, and used at once when it is there. */
  #missedCount = 0
  readonly #beginAfter: number
  /** Logs that could not be opened, whose entries must outlive this start. */
  readonly #unopened = new Set<string>()
  /** Records since the process began. */
  recordCount = 0

  /** `onFailed`: a sync of it has failed, and the directory with it. Throws DiskError. */
  constructor(
    environment: StorageEnvironment,
    directory: string,
    wasCleanShutdown: boolean,
    onFailed: (error: DiskError) => void,
  ) {
    const { host, options } = environment
    this.#environment = environment
    this.#directory = directory
    this.#onFailed = onFailed
    const half = Math.floor(options.journalSize / 2 / SECTOR_SIZE) * SECTOR_SIZE
    this.#fileSize = half === 0 ? 0 : Math.max(half, MIN_FILE_SIZE)
    this.#files = JOURNAL_FILES.map((name) => new JournalFile(host.disk, join(directory, name)))
    this.#lanes = [0, 1].map((index) => new JournalLane(index, this.#recordSize, this))
    this.maxEntrySize = Math.min(MAX_ENTRY_SIZE, this.#recordSize - RECORD_HEADER_SIZE - ENTRY_HEADER_SIZE)
    for (const file of this.#files) if (file.exists) file.readHead()
    this.#beginAfter = this.#files.every((file) => file.size === this.#fileSize) ? 0 : options.journalAfterSyncs
    this.#current = this.#byAge[1]!
    if (wasCleanShutdown) this.#makeVoid()
    else this.#read()
  }

  /** The one written last is the second. */
  get #byAge(): JournalFile<JournaledLog>[] {
    return [...this.#files].sort((a, b) => a.lap - b.lap)
  }

  get #other(): JournalFile<JournaledLog> {
    return this.#files[0] === this.#current ? this.#files[1]! : this.#files[0]!
  }

  get #recordSize(): number {
    return Math.min(MAX_RECORD_SIZE, toSectors(this.#fileSize / 4))
  }

  // Starting and stopping

  #read(): void {
    for (const file of this.#byAge) {
      if (file.isInUse) file.position = this.#contents.addFile(file.readAll(), file)
    }
  }

  /** Of a log that is opened after an unclean stop; by offset. */
  entriesOf(topicId: string, partition: number): readonly JournalEntry[] {
    return this.#contents.entriesOf(topicId, partition)
  }

  /** The log is one of ours. Until it is open, what is here of it stays. */
  opening(topicId: string, partition: number): void {
    if (this.entriesOf(topicId, partition).length > 0) this.#unopened.add(`${topicId}-${partition}`)
  }

  opened(topicId: string, partition: number): void {
    if (this.#unopened.size > 0) this.#unopened.delete(`${topicId}-${partition}`)
  }

  /**
   * All logs are open, and what was found of them is synced: nobody needs what an earlier run has left here. It is made
   * void, since what did not fit a log would stand before all that is yet to come of it.
   */
  recovered(): void {
    if (this.#state !== 'starting') return
    if (this.#unopened.size > 0) {
      const fields = { directory: this.#directory, logs: this.#unopened.size }
      this.#environment.host.logger.warn('the journal is kept for logs that are not open, and not used', fields)
      this.#state = 'off'
      return
    }
    this.#contents.clear()
    this.#state = this.#fileSize > 0 ? 'idle' : 'off'
    this.#attempt(() => (this.#fileSize > 0 ? this.#makeVoid() : this.#remove()))
  }

  #remove(): void {
    if (!this.#files.some((file) => file.exists)) return
    for (const file of this.#byAge) file.remove()
    this.#environment.host.disk.syncDirectory(this.#directory)
  }

  /** The older first: entries must not outlive the truncations that void them. Throws DiskError. */
  #makeVoid(): void {
    for (const file of this.#byAge) if (file.isInUse) file.makeVoid()
  }

  /** `isClean`: the logs' own files have everything, and whoever changes them meanwhile is right. Throws DiskError. */
  close(isClean: boolean): void {
    try {
      if (isClean) this.#makeVoid()
    } finally {
      this.#state = 'off'
      for (const file of this.#files) file.close()
    }
  }

  /** After `close`: nothing that it had begun comes to its files any more. */
  async quiet(): Promise<void> {
    for (const file of this.#files) await file.quiet()
  }

  #attempt(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#switchOff(error)
    }
  }

  #switchOff(error: DiskError): void {
    this.#state = 'off'
    const fields = { directory: this.#directory, error: error.message }
    this.#environment.host.logger.warn('the journal is not used', fields)
    if (this.#waiting.length > 0) this.#queue()
  }

  /** Makes the files, or finds them as an earlier run has left them. The first part of one is enough to begin. */
  #prepare(): void {
    this.#state = 'preparing'
    this.#attempt(() => {
      // The first lap begins in the other.
      this.#unfilled = [this.#other, this.#current].filter((file) => file.size !== this.#fileSize)
      if (this.#unfilled.length > 0) this.#makeVoid()
      // One that a stop has left shorter is gone on with: what stands in it is of laps that count no more.
      for (const file of this.#unfilled) if (file.size === 0 || file.size > this.#fileSize) file.empty()
      this.#fill()
    })
  }

  #fill(): void {
    const [file] = this.#unfilled
    if (file === undefined) {
      if (this.#state === 'preparing') this.#syncNames()
      return
    }
    const filled = (error: DiskError | null, isWritten: boolean) => {
      if (this.#state === 'off') return
      if (error !== null) {
        this.#notFilled(error, isWritten)
        return
      }
      if (file.size === this.#fileSize) this.#unfilled = this.#unfilled.slice(1)
      if (this.#state === 'preparing') this.#syncNames()
      else this.#fillAfter(this.#isRoomShort ? 0 : FILL_PAUSE_MS)
    }
    try {
      file.fill(this.#fileSize, filled)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#notFilled(error, false)
    }
  }

  #fillAfter(ms: number): void {
    this.#environment.host.timers.after(ms, () => {
      this.#isFillPaused = this.#state === 'open'
      this.#fillOn()
    })
  }

  #fillOn(): void {
    const { journalAfterSyncs } = this.#environment.options
    if (!this.#isFillPaused || this.#state !== 'open') return
    if (this.recordCount < WHOLE_AFTER * journalAfterSyncs && !this.#isRoomShort) return
    this.#isFillPaused = false
    this.#fill()
  }

  #syncNames(): void {
    this.#environment.host.disk.syncDirectoryLater(this.#directory, (error) => {
      if (this.#state !== 'preparing') return
      if (error !== null) {
        this.#notFilled(error, false)
        return
      }
      this.#state = 'open'
      if (this.#waiting.length > 0) this.#queue()
      this.#fillAfter(FILL_PAUSE_MS)
    })
  }

  #notFilled(error: DiskError, isWritten: boolean): void {
    if (this.#state === 'preparing') {
      this.#switchOff(error)
      this.#attempt(() => this.#remove())
    } else if (isWritten) {
      // Of what was lost it may be a record.
      this.#switchOff(error)
      this.#onFailed(error)
    } else this.#fillAfter(PAUSE_MS)
  }

  // Rounds

  /** Whether a log may come now. `syncs`: those of its own files, if not. */
  admits(syncs: number): boolean {
    if (this.#state === 'open') {
      if (!this.#hasRoom && !this.#canBeginLap) return false
      return this.#pausedUntilMs === 0 || this.#environment.host.clock.monotonic() >= this.#pausedUntilMs
    }
    if (this.#state === 'preparing') return true
    if (this.#state !== 'idle') return false
    this.#missedCount += syncs
    if (this.#missedCount > this.#beginAfter) this.#prepare()
    return false
  }

  get #hasRoom(): boolean {
    return this.#current.position + this.#neededSize <= this.#current.size
  }

  /** Records will soon want more of the files; before the first lap, when the first part is not enough to begin. */
  get #isRoomShort(): boolean {
    if (!this.#current.isInUse) return !this.#canBeginLap
    return this.#current.position + 2 * this.#neededSize > this.#current.size
  }

  /** The other file is filled far enough, no log needs what is in it, and nothing of its last lap is under way. */
  get #canBeginLap(): boolean {
    if (this.#lanes.some(({ file }) => file === this.#other)) return false
    return this.#other.ends.size === 0 && SECTOR_SIZE + this.#neededSize <= this.#other.size
  }

  /** Of a record and what is kept for truncations. */
  get #neededSize(): number {
    return this.#recordSize + Math.min(RESERVED_SIZE, this.#fileSize / 8)
  }

  /** `size`: of what it would add. The log stands at most once here; onJournaled or onLeftOut follows. */
  add(log: JournaledLog, size: number): void {
    this.#waiting.push(log)
    this.#waitingSize += size
    this.#queue()
  }

  #queue(): void {
    if (this.#state === 'preparing' || this.#lanes.some(({ state }) => state === 'queued')) return
    const isAlone = this.#lanes.every(({ state }) => state === 'free')
    if (!isAlone && !this.#mayGoBeside) return
    const lane = this.#lanes.find(({ state }) => state === 'free')
    if (lane === undefined) return
    lane.state = 'queued'
    this.#environment.commits.addBeside(lane)
  }

  /** Beside a record under way. Once it is off, its files may be closed: then its end is waited for. */
  get #mayGoBeside(): boolean {
    const { journalBesideSize } = this.#environment.options
    return this.#state === 'open' && this.#waitingSize >= journalBesideSize && this.#hasRoom
  }

  // For lanes

  start(lane: JournalLane<JournaledLog>): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingSize = 0
    const { record } = lane
    const isReady = this.#state === 'open' && this.#makeRoom()
    for (const log of waiting) {
      const endOffset = isReady ? log.fillEntry(record) : NO_ENTRY
      if (endOffset === NO_ROOM) this.#waiting.push(log)
      else if (endOffset === NO_ENTRY) log.onLeftOut()
      else {
        lane.logs.push(log)
        this.#current.ends.set(log, endOffset)
      }
    }
    if (this.#waiting.length > 0) this.#waitingSize = this.#recordSize
    if (record.isEmpty) lane.end(null)
    else this.#write(lane)
  }

  #makeRoom(): boolean {
    if (this.#hasRoom) return true
    if (!this.#canBeginLap) return false
    try {
      this.#beginLap()
    } catch (error) {
      if (error instanceof DiskError) return false
      throw error
    }
    return true
  }

  /** Throws DiskError: then it has not begun. */
  #beginLap(): void {
    const full = this.#current
    const { random } = this.#environment.host
    this.#other.beginLap(full.lap + 1, random.below(0xffffffff))
    this.#current = this.#other
    for (const log of [...full.ends.keys()]) log.settle()
  }

  #write(lane: JournalLane<JournaledLog>): void {
    this.recordCount++
    this.#fillOn()
    const file = this.#current
    lane.file = file
    const { writer } = this.#environment
    const bytes = lane.record.finish(file.lap, file.salt)
    try {
      if (writer.usesPool(bytes.length)) file.writeLater(bytes, (error) => this.#written(lane, file, error))
      else {
        const startMs = writer.now()
        file.write(bytes)
        writer.wroteInLoop(startMs)
        this.#written(lane, file, null)
      }
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#written(lane, file, error)
    }
    if (this.#waiting.length > 0) this.#queue()
  }

  #written(lane: JournalLane<JournaledLog>, file: JournalFile<JournaledLog>, error: DiskError | null): void {
    const isLate = error === null && file.isClosed
    const late = isLate ? new DiskError('failed', file.path, 'it was closed before its last record was written') : null
    lane.written(file, error ?? late)
  }

  finish(lane: JournalLane<JournaledLog>): void {
    const { logs, error, isWritten } = lane
    lane.logs = []
    lane.file = null
    if (error !== null && isWritten) {
      this.#switchOff(error)
      this.#onFailed(error)
      return
    }
    if (error !== null) {
      const fields = { directory: this.#directory, error: error.message }
      this.#environment.host.logger.warn('a write of the journal failed', fields)
      this.#pausedUntilMs = this.#environment.host.clock.monotonic() + PAUSE_MS
    }
    for (const log of logs) {
      if (error === null) log.onJournaled()
      else log.onLeftOut()
    }
    if (this.#waiting.length > 0) this.#queue()
  }

  // What logs tell

  /** The log's own file is synced up to there. */
  synced(log: JournaledLog, endOffset: number): void {
    for (const { ends } of this.#files) {
      const end = ends.get(log)
      if (end !== undefined && end <= endOffset) ends.delete(log)
    }
  }

  /** The log is gone: what is here of it is needed by nobody. */
  forget(log: JournaledLog): void {
    for (const { ends } of this.#files) ends.delete(log)
  }

  /**
   * Before a truncation: what is here of the log from `offset` on will not come back. Durable at return. Throws
   * DiskError.
   */
  truncate(log: JournaledLog, topicId: string, partition: number, offset: number): void {
    if (this.#files.some((file) => file.isInUse)) this.#writeTruncation(topicId, partition, offset)
    for (const { ends } of this.#files) {
      const end = ends.get(log)
      if (end !== undefined) ends.set(log, Math.min(end, offset))
    }
  }

  #writeTruncation(topicId: string, partition: number, offset: number): void {
    this.#makeRoomForTruncation()
    const record = new JournalRecord(SECTOR_SIZE)
    record.addTruncation(topicId, partition, offset)
    this.#current.write(record.finish(this.#current.lap, this.#current.salt))
    try {
      this.#current.syncSync()
    } catch (error) {
      // Of what was lost it may be a record under way, whose sync is not told any more.
      if (!(error instanceof DiskError)) throw error
      this.#switchOff(error)
      this.#onFailed(error)
      throw error
    }
    this.#fillOn()
  }

  #makeRoomForTruncation(): void {
    if (this.#current.position + SECTOR_SIZE <= this.#current.size) return
    if (this.#state !== 'open' || !this.#canBeginLap) {
      throw new DiskError('exhausted', this.#current.path, 'the journal has no room for a truncation')
    }
    this.#beginLap()
  }
}
