// The host of a broker in production: this process, its operating system, its file systems.

import { type Host, type LogFields, type Logger, type LogLevel, logLevels, type Usage } from '../host.ts'
import { jsonLogLine, type LogFormat, logLine } from '../log-line.ts'
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
  /** `json`: an object a line; `text` when not given. */
  readonly logFormat?: LogFormat
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
    logger: new StreamLogger(
      options.logLevel ?? 'info',
      options.logFormat ?? 'text',
      options.writeLog ?? ((line) => process.stderr.write(line)),
    ),
    usage,
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startedAtSeconds: performance.timeOrigin / 1000,
  }
}

class StreamLogger implements Logger {
  level: LogLevel
  readonly #format: LogFormat
  readonly #write: (line: string) => void

  constructor(level: LogLevel, format: LogFormat, write: (line: string) => void) {
    this.level = level
    this.#format = format
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
    const line = this.#format === 'json' ? jsonLogLine : logLine
    this.#write(`${line(realClock.now(), level, message, fields)}\n`)
  }
}
