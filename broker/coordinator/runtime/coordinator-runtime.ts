// The coordinators of one internal topic on this broker: a shard for each of its partitions that this broker leads.
// Knows which partition a key belongs to; what the shards do is their state machines' affair.

import type { Host } from '../../../host/host.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Codec } from '../../../protocol/records/layout.ts'
import type { CoordinatorPartition } from './coordinator-partition.ts'
import type { Reply } from './reply.ts'
import { Shard, type ShardTimers } from './shard.ts'
import type { Outcome, RecordFormat, StateMachine } from './state-machine.ts'

export interface CoordinatorRuntimeOptions<M extends StateMachine<R>, R> {
  readonly host: Host
  /** The internal topic. */
  readonly topic: string
  readonly format: RecordFormat<R>
  readonly createMachine: (timers: ShardTimers<R>, partition: number) => M
  /** 0 while the topic does not exist. */
  readonly partitionCount: () => number
  /** How long an answer may wait for its records to be committed. */
  readonly commitTimeoutMs: () => number
  readonly compression: () => Codec
}

export class CoordinatorRuntime<M extends StateMachine<R>, R> {
  readonly #options: CoordinatorRuntimeOptions<M, R>
  readonly #shards = new Map<number, Shard<M, R>>()

  constructor(options: CoordinatorRuntimeOptions<M, R>) {
    this.#options = options
  }

  /** The partition that coordinates `key`; undefined while the topic does not exist. */
  partitionOf(key: string): number | undefined {
    const count = this.#options.partitionCount()
    return count === 0 ? undefined : coordinatorPartition(key, count)
  }

  shard(partition: number): Shard<M, R> | undefined {
    return this.#shards.get(partition)
  }

  /** This broker leads the partition from now on: its log is loaded. The same epoch twice changes nothing. */
  onElected(index: number, partition: CoordinatorPartition): void {
    const current = this.#shards.get(index)
    if (current !== undefined && current.leaderEpoch === partition.leaderEpoch && current.phase !== 'failed') return
    current?.close()
    const { host, topic, format, createMachine, commitTimeoutMs, compression } = this.#options
    const name = `${topic}-${index}`
    const shard = new Shard<M, R>({
      host,
      name,
      partition,
      format,
      createMachine: (timers) => createMachine(timers, index),
      commitTimeoutMs,
      compression,
    })
    this.#shards.set(index, shard)
  }

  onResigned(index: number): void {
    this.#shards.get(index)?.close()
    this.#shards.delete(index)
  }

  run<T>(
    partition: number | undefined,
    event: (machine: M, reply: Reply<T>) => Outcome<R>,
    onError: (errorCode: number) => T,
  ): Promise<T> {
    // Its topic is made when somebody looks for a coordinator.
    const shard = partition === undefined ? undefined : this.#shards.get(partition)
    if (shard === undefined) return Promise.resolve(onError(ErrorCode.NOT_COORDINATOR))
    return shard.run(event, onError)
  }

  /** Runs an event on every shard. */
  runOnAll<T>(event: (machine: M, reply: Reply<T>) => Outcome<R>, onError: (errorCode: number) => T): Promise<T[]> {
    return Promise.all([...this.#shards.values()].map((shard) => shard.run(event, onError)))
  }

  /** Runs an event on every shard, on those that are loading when they are loaded. */
  runOnAllOnceLoaded(event: (machine: M) => Outcome<R>): void {
    for (const shard of this.#shards.values()) shard.runOnceLoaded(event)
  }

  /** Looks at every state that is loaded. */
  forEachMachine(look: (machine: M) => void): void {
    for (const shard of this.#shards.values()) {
      if (shard.machine !== undefined) look(shard.machine)
    }
  }

  close(): void {
    for (const shard of this.#shards.values()) shard.close()
    this.#shards.clear()
  }
}

/** Java's String.hashCode, over UTF-16 units. */
export function javaHashCode(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index++) hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0
  return hash
}

/**
 * As every broker of a cluster computes it: |hash| mod count, where the one number without a positive counterpart gives
 * 0.
 */
export function coordinatorPartition(key: string, partitionCount: number): number {
  const hash = javaHashCode(key)
  return (hash === -0x80000000 ? 0 : Math.abs(hash)) % partitionCount
}
