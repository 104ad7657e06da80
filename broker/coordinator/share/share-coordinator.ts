// The share coordinator: keeps the delivery state of share partitions in `__share_group_state`. Its answers are given
// when the records behind them are durable. Leaders of partitions and the group coordinator call it as objects of one
// process; other brokers do so by the APIs 83 to 87 (handlers/share). Source: ShareCoordinatorService, and for the
// patience of its callers PersisterStateManager.

import type { Host } from '../../../host/host.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { ShareRecordInput } from '../../../protocol/messages/share-state/share-records.ts'
import type { Codec } from '../../../protocol/records/layout.ts'
import { SHARE_TOPIC } from '../../metadata/internal-topics.ts'
import { coordinatorRefusal } from '../runtime/coordinator-errors.ts'
import type { CoordinatorPartition } from '../runtime/coordinator-partition.ts'
import { CoordinatorRuntime } from '../runtime/coordinator-runtime.ts'
import type { Reply } from '../runtime/reply.ts'
import {
  type ShareKey,
  ShareMachine,
  type ShareOutcome,
  type ShareStateConfig,
  shareRecordFormat,
} from './share-machine.ts'
import {
  deleteState,
  deleteStatesOfTopics,
  failed,
  initializeState,
  type PartitionCheck,
  type ReadAnswer,
  readFailed,
  readState,
  type StateAnswer,
  type StateWrite,
  type SummaryAnswer,
  summariseState,
  summaryFailed,
  writeState,
} from './share-state-events.ts'

export interface ShareCoordinatorOptions {
  readonly host: Host
  readonly config: ShareStateConfig
  readonly partitionCount: () => number
  /** Has `__share_group_state` made. */
  readonly createTopic: () => void
  readonly hasPartition: PartitionCheck
  readonly writeTimeoutMs: () => number
  readonly compression: () => Codec
}

const RETRY_MS = 50
/** How long callers in this process wait for a coordinator that is being made or loaded. */
const PATIENCE_MS = 10_000
const TRANSIENT: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
])

type Event<T> = (machine: ShareMachine, reply: Reply<T>) => ShareOutcome

export class ShareCoordinator {
  readonly #options: ShareCoordinatorOptions
  readonly #runtime: CoordinatorRuntime<ShareMachine, ShareRecordInput>
  isClosed = false

  constructor(options: ShareCoordinatorOptions) {
    this.#options = options
    const { host, config, partitionCount, writeTimeoutMs, compression } = options
    this.#runtime = new CoordinatorRuntime({
      host,
      topic: SHARE_TOPIC,
      format: shareRecordFormat,
      createMachine: (timers) => new ShareMachine(host, config, timers),
      partitionCount,
      commitTimeoutMs: writeTimeoutMs,
      compression,
    })
  }

  /** Of a key as FindCoordinator has it. */
  partitionOf(key: string): number | undefined {
    return this.#runtime.partitionOf(key)
  }

  onElected(index: number, partition: CoordinatorPartition): void {
    this.#runtime.onElected(index, partition)
  }

  onResigned(index: number): void {
    this.#runtime.onResigned(index)
  }

  /** Nobody will ask for these states again. */
  onTopicsDeleted(topicIds: ReadonlySet<string>): void {
    this.#runtime.runOnAllOnceLoaded((machine) => deleteStatesOfTopics(machine, topicIds))
  }

  /** By partition of the topic: where the log may begin; null: it is needed from its start. */
  firstNeededOffset(index: number): number | null {
    return this.#runtime.shard(index)?.machine?.firstNeededOffset() ?? null
  }

  /** Looks at every state that is loaded, without changing it. */
  forEachMachine(look: (machine: ShareMachine) => void): void {
    this.#runtime.forEachMachine(look)
  }

  close(): void {
    this.isClosed = true
    this.#runtime.close()
  }

  initialize(key: ShareKey, asked: { readonly stateEpoch: number; readonly startOffset: number }, isPatient = true) {
    const { hasPartition } = this.#options
    const event: Event<StateAnswer> = (machine, reply) => initializeState(machine, key, asked, hasPartition, reply)
    return this.#run(key, event, stateError, isPatient)
  }

  read(key: ShareKey, leaderEpoch: number, isPatient = true): Promise<ReadAnswer> {
    const { hasPartition } = this.#options
    const event: Event<ReadAnswer> = (machine, reply) => readState(machine, key, leaderEpoch, hasPartition, reply)
    return this.#run(key, event, (errorCode) => readFailed(stateError(errorCode)), isPatient)
  }

  write(key: ShareKey, asked: StateWrite, isPatient = true): Promise<StateAnswer> {
    const { hasPartition } = this.#options
    const event: Event<StateAnswer> = (machine, reply) => writeState(machine, key, asked, hasPartition, reply)
    return this.#run(key, event, stateError, isPatient)
  }

  summarise(key: ShareKey, isPatient = true): Promise<SummaryAnswer> {
    const { hasPartition } = this.#options
    const event: Event<SummaryAnswer> = (machine, reply) => summariseState(machine, key, hasPartition, reply)
    return this.#run(key, event, (errorCode) => summaryFailed(stateError(errorCode)), isPatient)
  }

  delete(key: ShareKey, isPatient = true): Promise<StateAnswer> {
    const { hasPartition } = this.#options
    const event: Event<StateAnswer> = (machine, reply) => deleteState(machine, key, hasPartition, reply)
    return this.#run(key, event, stateError, isPatient)
  }

  async #run<T extends StateAnswer>(
    key: ShareKey,
    event: Event<T>,
    onError: (errorCode: number) => T,
    isPatient: boolean,
  ): Promise<T> {
    const { clock, timers } = this.#options.host
    const end = clock.monotonic() + PATIENCE_MS
    for (;;) {
      const index = this.partitionOf(coordinatorKey(key))
      if (index === undefined && isPatient) this.#options.createTopic()
      const answer = await this.#runtime.run(index, event, onError)
      if (!isPatient || !TRANSIENT.has(answer.errorCode) || clock.monotonic() >= end || this.isClosed) return answer
      await new Promise<void>((resolve) => timers.after(RETRY_MS, resolve))
    }
  }
}

/** As clients and brokers name a share partition to find its coordinator. */
export function coordinatorKey({ groupId, topicId, partition }: ShareKey): string {
  return `${groupId}:${topicId}:${partition}`
}

export function isCoordinatorKey(key: string): boolean {
  return /^.+:[A-Za-z0-9_-]{22}:-?\d{1,9}$/s.test(key)
}

function stateError(errorCode: number): StateAnswer {
  return failed(errorCode, coordinatorRefusal(errorCode).errorMessage)
}
