// The outside world as the broker sees it. Nothing but the implementations in host/real/ touches node:fs, node:net,
// timers, the clock or randomness, so that a whole cluster runs in one process on simulated time, disks and networks
// (host/simulated/).

import type { Disk } from './disk.ts'
import type { Network } from './network.ts'
import type { SlabPool } from './slab.ts'

export interface Host {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly disk: Disk
  readonly network: Network
  /** Memory for batches, from a socket to the disk and on to consumers. */
  readonly slabs: SlabPool
  readonly logger: Logger
  /** What the process has used; absent where there is none. */
  readonly usage?: () => Usage
}

export interface Usage {
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** Since the Unix epoch. */
  readonly startedAtSeconds: number
}

export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch (an integer); may step backwards. */
  now(): number
  /** Milliseconds since an arbitrary start, with fractions; never steps backwards. */
  monotonic(): number
}

export interface Timer {
  /** Idempotent; a cancelled timer never runs. */
  cancel(): void
}

export interface Timers {
  /** Runs once, `delayMs` or more from now. An open timer does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer
  /**
   * Runs after the callbacks of this event-loop turn: where the work of one turn is coalesced (one write, one sync).
   */
  endOfTurn(run: () => void): void
}

export interface Random {
  /** An integer in [0, below). */
  below(below: number): number
  /** Fills `target` and returns it. */
  fill(target: Uint8Array): Uint8Array
}

export type LogFields = Readonly<Record<string, unknown>>

/** No event is of the first or the last: at `trace` a logger writes what it does at `debug`, at `fatal` nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * One line per event, never one per request; but for the request log (broker/served-call.ts). `fields` are appended as
 * key=value.
 */
export interface Logger {
  /** Events below it are dropped; it may change at any time. */
  level: LogLevel
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
