// The host of a broker in production: this process, its operating system, its file systems.

import type { Host, LogFields, Logger } from '../host.ts'
import { type LogLevel, logLevels, logLine } from '../log-line.ts'
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
    logger: streamLogger(options.logLevel ?? 'info', options.writeLog ?? ((line) => process.stderr.write(line))),
  }
}

function streamLogger(threshold: LogLevel, write: (line: string) => void): Logger {
  const lowest = logLevels.indexOf(threshold)
  const at = (level: LogLevel) => {
    if (logLevels.indexOf(level) < lowest) return () => {}
    return (message: string, fields?: LogFields) => {
      write(`${logLine(realClock.now(), level, message, fields)}\n`)
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
