// Retention on the logs of one directory, some in each turn: a broker may have tens of thousands, and after a start the
// first look at a log reads its indexes.
//
//   expire: which logs begin later now ──► log-start-offset-checkpoint ──► deleteExpired: their segments go
//
// Source: LogManager.cleanupLogs.

import { DiskError } from '../../host/disk.ts'
import type { Host } from '../../host/host.ts'
import type { Log } from '../log/log.ts'

/** Then others have a turn. */
const MAX_TURN_MS = 3
/** The next turn, and room for what came in: retention is in no hurry. */
const PAUSE_MS = 1

export interface RetainingDirectory {
  readonly isOffline: boolean
  readonly isClosed: boolean
  logs(): Iterable<Log>
  log(topic: string, partition: number): Log | null
  checkpointLogStartOffsets(): DiskError | null
}

export class DirectoryRetention {
  readonly #host: Host
  readonly #directory: RetainingDirectory
  #isRunning = false

  constructor(host: Host, directory: RetainingDirectory) {
    this.#host = host
    this.#directory = directory
  }

  /** All logs, beginning in this turn. Nothing while an earlier call is under way. */
  apply(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#turn([...this.#directory.logs()], 0)
  }

  #turn(logs: readonly Log[], from: number): void {
    const { clock, timers } = this.#host
    if (this.#directory.isClosed || this.#directory.isOffline) {
      this.#isRunning = false
      return
    }
    const start = clock.monotonic()
    const now = clock.now()
    const expired: Log[] = []
    let next = from
    while (next < logs.length && clock.monotonic() - start < MAX_TURN_MS) {
      const log = logs[next++]!
      if (this.#directory.log(log.topic, log.partition) !== log) continue
      log.producers.removeExpired(now)
      if (this.#attempt(log, () => log.expire(now))) expired.push(log)
    }
    this.#delete(expired)
    if (next < logs.length) timers.after(PAUSE_MS, () => this.#turn(logs, next))
    else this.#isRunning = false
  }

  #delete(expired: readonly Log[]): void {
    if (expired.length === 0) return
    const error = this.#directory.checkpointLogStartOffsets()
    // Retention is what makes room on a full disk: there it does without.
    if (error !== null && error.reason !== 'full') return
    for (const log of expired) this.#attempt(log, () => log.deleteExpired(error === null) > 0)
  }

  /** What fails on one log must not keep retention from the others. */
  #attempt(log: Log, run: () => boolean): boolean {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#host.logger.warn('retention failed', { log: log.directory, error: error.message })
      return false
    }
  }
}
