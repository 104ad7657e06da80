// Log events kept for assertions.

import type { LogFields, Logger, LogLevel } from '../host.ts'
import { logLine } from '../log-line.ts'

export interface LogEvent {
  readonly timeMs: number
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

export class SimulatedLogger implements Logger {
  readonly events: LogEvent[] = []
  /** Kept, and without effect here; what a broker logs below it, its own loggers drop (host/loggers.ts). */
  level: LogLevel = 'info'
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields)
  }

  /** As the real logger would have written them. */
  lines(): string[] {
    return this.events.map((event) => logLine(event.timeMs, event.level, event.message, event.fields))
  }

  #add(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.events.push({ timeMs: this.#now(), level, message, fields })
  }
}
