// Loggers by name over the one that writes: a tree by the dots of their names, as in Kafka (log4j). A logger without a
// level of its own has that of the nearest above it with one, in the end of `root`:
//
//   root                             INFO
//   └─ org.apache.kafka              WARN, set
//      └─ org.apache.kafka.…Group…   WARN, inherited: it says nothing of a rebalance
//
// What a level drops is dropped here; the writer below is opened as far as the finest needs it.

import { type LogFields, type Logger, type LogLevel, logLevels } from './host.ts'

export const ROOT = 'root'

export class Loggers {
  readonly #writer: Logger
  readonly #writerLevel: LogLevel
  readonly #byName: ReadonlyMap<string, NamedLogger>
  readonly #own = new Map<string, LogLevel>()

  /** There are these, and `root`, which begins at the writer's level. */
  constructor(writer: Logger, names: readonly string[]) {
    this.#writer = writer
    this.#writerLevel = writer.level
    this.#byName = new Map([ROOT, ...names].map((name) => [name, new NamedLogger(name, writer)]))
    this.set(ROOT, writer.level)
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  named(name: string): NamedLogger {
    const logger = this.#byName.get(name)
    if (logger === undefined) throw new Error(`there is no logger ${name}`)
    return logger
  }

  /** null: the one above it tells, which `root` has not got. */
  set(name: string, level: LogLevel | null): void {
    if (level !== null) {
      this.#own.set(name, level)
      if (rank(level) < rank(this.#writer.level)) this.#writer.level = level
    } else if (name !== ROOT) this.#own.delete(name)
    for (const logger of this.#byName.values()) logger.level = this.#levelOf(logger.name)
  }

  [Symbol.iterator](): IterableIterator<NamedLogger> {
    return this.#byName.values()
  }

  /** Leaves the writer as it was: others may write by it later. */
  close(): void {
    this.#writer.level = this.#writerLevel
  }

  #levelOf(name: string): LogLevel {
    for (let above = name; above !== ''; above = above.slice(0, Math.max(0, above.lastIndexOf('.')))) {
      const own = this.#own.get(above)
      if (own !== undefined) return own
    }
    return this.#own.get(ROOT)!
  }
}

/** Its lines have its name in the field `logger`. */
export class NamedLogger implements Logger {
  readonly name: string
  /** Whether `debug` writes: a look at a field, for who would have to gather what to write. */
  isDebug = false
  readonly #writer: Logger
  #level: LogLevel = 'info'

  /** @internal By Loggers alone, which tells the level. */
  constructor(name: string, writer: Logger) {
    this.name = name
    this.#writer = writer
  }

  get level(): LogLevel {
    return this.#level
  }

  set level(level: LogLevel) {
    this.#level = level
    this.isDebug = this.#passes('debug')
  }

  debug(message: string, fields?: LogFields): void {
    if (this.isDebug) this.#writer.debug(message, { ...fields, logger: this.name })
  }

  info(message: string, fields?: LogFields): void {
    if (this.#passes('info')) this.#writer.info(message, { ...fields, logger: this.name })
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#passes('warn')) this.#writer.warn(message, { ...fields, logger: this.name })
  }

  error(message: string, fields?: LogFields): void {
    if (this.#passes('error')) this.#writer.error(message, { ...fields, logger: this.name })
  }

  #passes(level: LogLevel): boolean {
    return rank(level) >= rank(this.#level)
  }
}

const rank = (level: LogLevel) => logLevels.indexOf(level)
