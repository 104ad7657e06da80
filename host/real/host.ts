// The host of a broker in production: this process, its operating system, its file systems.

import { type Host, type LogFields, type Logger, type LogLevel, logLevels } from '../host.ts'
import { logLine } from '../log-line.ts'
import { SlabPool } from '../slab.ts'
import { RealDisk } from './disk.ts'
import { RealNetwork } from './network.ts'
import { realRandom } from './random.ts'
import { realClock, realTimers } from './time.ts'

/** Memory of batches that was not needed for so long is given back. */
const TRIM_INTERVAL_MS = 10_000

export interface RealHostOptions {
  /** Events below this level are dropped; `info` when not given. */
  readonly logLevel?: LogLevel
  /** Where log lines go, newline included; the standard error when not given. */
  readonly writeLog?: (line: string) => void
  /** For tests: freed memory of batches is overwritten. */
  readonly poisonsSlabs?: boolean
}

export function realHost(options: RealHostOptions = {}): Host {
  const slabs = new SlabPool({ poisons: options.poisonsSlabs ?? false })
  setInterval(() => slabs.trim(), TRIM_INTERVAL_MS).unref()
  return {
    clock: realClock,
    timers: realTimers,
    random: realRandom,
    disk: new RealDisk(),
    network: new RealNetwork(),
    slabs,
    logger: new StreamLogger(options.logLevel ?? 'info', options.writeLog ?? ((line) => process.stderr.write(line))),
  }
}

class StreamLogger implements Logger {
  level: LogLevel
  readonly #write: (line: string) => void

  constructor(level: LogLevel, write: (line: string) => void) {
    this.level = level
    this.#write = write
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields)
  }

  #log(level: LogLevel, message: string, fields?: LogFields): void {
    if (logLevels.indexOf(level) < logLevels.indexOf(this.level)) return
    this.#write(`${logLine(realClock.now(), level, message, fields)}\n`)
  }
}
