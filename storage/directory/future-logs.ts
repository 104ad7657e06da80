// Copies that are to replace logs of other directories, in one log directory (KIP-113):
//
//   <topic>-<partition>.<32 hex digits>-future/       under way; not one of the directory's logs, and in no checkpoint
//   <topic>-<partition>/                              adopted: LogDirectory.adopt
//
// What a broker before has left is a part of a copy, worth no more than none: it goes, and the copy begins anew.

import type { StorageEnvironment } from '../environment.ts'
import { join, partitionDirectoryName, setAsideDirectoryName } from '../file-names.ts'
import { Log } from '../log/log.ts'
import type { LogConfig } from '../log/log-config.ts'
import { randomHex } from './meta-properties.ts'

export class FutureLogs {
  readonly #environment: StorageEnvironment
  readonly #path: string
  /** By the name of the partition's directory; null: one that a broker before has left. */
  readonly #logs = new Map<string, Log | null>()

  constructor(environment: StorageEnvironment, path: string) {
    this.#environment = environment
    this.#path = path
  }

  /** By the names of their partitions' directories; null: begun by a broker before. */
  get logs(): ReadonlyMap<string, Log | null> {
    return this.#logs
  }

  /** At the start. */
  found(topic: string, partition: number, directoryName: string): void {
    this.#logs.set(partitionDirectoryName(topic, partition), null)
    this.#remove(join(this.#path, directoryName))
  }

  open(topic: string, topicId: string, partition: number, config: LogConfig): Log {
    const environment = this.#environment
    const name = setAsideDirectoryName(topic, partition, randomHex(environment.host.random), 'future')
    const log = Log.open({ environment, directory: join(this.#path, name), topic, partition, topicId, config })
    this.#logs.set(partitionDirectoryName(topic, partition), log)
    return log
  }

  /** It comes to nothing, or has become the partition's. */
  forget(log: Log, isGivenUp: boolean): void {
    this.#logs.delete(partitionDirectoryName(log.topic, log.partition))
    if (!isGivenUp) return
    log.abandon()
    if (log.hasDirectory) this.#remove(log.directory)
  }

  #remove(path: string): void {
    const { host, removals } = this.#environment
    host.timers.after(0, () => removals.add({ path, isDirectory: true, what: 'a copy that came to nothing' }))
  }
}
