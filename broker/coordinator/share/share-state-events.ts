// What can be asked of the state of one share partition: initialise, read, write, summarise, delete. Errors are those
// of Kafka's ShareCoordinatorShard; a state has to be initialised before anything else.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import {
  deletionRecord,
  nextSnapshot,
  type ShareKey,
  type ShareMachine,
  type ShareOutcome,
  snapshotRecord,
  updateRecord,
} from './share-machine.ts'
import { combine, type ShareState, type StateBatch } from './share-state.ts'

export interface StateAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
}

export interface ReadAnswer extends StateAnswer {
  readonly stateEpoch: number
  readonly startOffset: number
  readonly batches: readonly StateBatch[]
}

export interface SummaryAnswer extends StateAnswer {
  readonly stateEpoch: number
  readonly leaderEpoch: number
  readonly startOffset: number
  readonly deliveryCompleteCount: number
}

export interface StateWrite {
  readonly stateEpoch: number
  readonly leaderEpoch: number
  readonly startOffset: number
  readonly deliveryCompleteCount: number
  readonly batches: readonly StateBatch[]
}

/** Whether the topic still has the partition. */
export type PartitionCheck = (topicId: string, partition: number) => boolean

const UNINITIALISED = -1
const DONE: StateAnswer = { errorCode: ErrorCode.NONE, errorMessage: null }
const UNKNOWN_PARTITION = failed(
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  'This server does not host this topic-partition.',
)
const FENCED_LEADER = failed(
  ErrorCode.FENCED_LEADER_EPOCH,
  'The leader epoch in the request is older than the epoch on the broker.',
)
const FENCED_STATE = failed(
  ErrorCode.FENCED_STATE_EPOCH,
  'The share coordinator rejected the request because the share-group state epoch did not match.',
)
const NEGATIVE_PARTITION = invalid('The partition id cannot be a negative number.')
const NEGATIVE_LEADER_EPOCH = invalid('The leader epoch cannot be a negative number.')
const NEGATIVE_STATE_EPOCH = invalid('The state epoch cannot be a negative number.')
const UNINITIALISED_WRITE = invalid('Write operation on uninitialized share partition not allowed.')
const UNINITIALISED_READ = invalid('Read operation on uninitialized share partition not allowed.')

export function failed(errorCode: number, errorMessage: string | null): StateAnswer {
  return { errorCode, errorMessage }
}

function invalid(message: string): StateAnswer {
  return failed(ErrorCode.INVALID_REQUEST, message)
}

export function readFailed(answer: StateAnswer): ReadAnswer {
  return { ...answer, stateEpoch: 0, startOffset: 0, batches: [] }
}

export function summaryFailed(answer: StateAnswer): SummaryAnswer {
  return { ...answer, stateEpoch: 0, leaderEpoch: 0, startOffset: 0, deliveryCompleteCount: UNINITIALISED }
}

export function initializeState(
  machine: ShareMachine,
  key: ShareKey,
  { stateEpoch, startOffset }: { readonly stateEpoch: number; readonly startOffset: number },
  hasPartition: PartitionCheck,
  reply: Reply<StateAnswer>,
): ShareOutcome {
  const state = machine.get(key)
  const fault =
    key.partition < 0
      ? NEGATIVE_PARTITION
      : stateEpoch < 0
        ? NEGATIVE_STATE_EPOCH
        : state !== undefined && state.stateEpoch > stateEpoch
          ? FENCED_STATE
          : !hasPartition(key.topicId, key.partition)
            ? UNKNOWN_PARTITION
            : null
  if (fault !== null) return refuse(reply, fault)
  const now = machine.host.clock.now()
  const made: ShareState = {
    snapshotEpoch: 0,
    stateEpoch,
    leaderEpoch: 0,
    startOffset,
    deliveryCompleteCount: startOffset === UNINITIALISED ? UNINITIALISED : 0,
    createTimestamp: now,
    writeTimestamp: now,
    batches: [],
    updateCount: 0,
    snapshotOffset: -1,
  }
  return write(reply, [snapshotRecord(key, made)], DONE)
}

/** Notes the leader's epoch when it is a new one. */
export function readState(
  machine: ShareMachine,
  key: ShareKey,
  leaderEpoch: number,
  hasPartition: PartitionCheck,
  reply: Reply<ReadAnswer>,
): ShareOutcome {
  const state = machine.get(key)
  const fault =
    key.partition < 0
      ? NEGATIVE_PARTITION
      : leaderEpoch < 0
        ? NEGATIVE_LEADER_EPOCH
        : state === undefined
          ? UNINITIALISED_READ
          : state.leaderEpoch > leaderEpoch
            ? FENCED_LEADER
            : !hasPartition(key.topicId, key.partition)
              ? UNKNOWN_PARTITION
              : null
  if (fault !== null || state === undefined) return refuse(reply, readFailed(fault ?? UNINITIALISED_READ))
  const { stateEpoch, startOffset, batches } = state
  const answer = { ...DONE, stateEpoch, startOffset, batches }
  if (state.leaderEpoch === leaderEpoch) return refuse(reply, answer)
  return write(reply, [changeRecord(machine, key, state, { ...state, leaderEpoch }, [])], answer)
}

export function writeState(
  machine: ShareMachine,
  key: ShareKey,
  asked: StateWrite,
  hasPartition: PartitionCheck,
  reply: Reply<StateAnswer>,
): ShareOutcome {
  const state = machine.get(key)
  const fault = writeFault(key, asked, state, hasPartition)
  if (fault !== null || state === undefined) return refuse(reply, fault ?? UNINITIALISED_WRITE)
  const startOffset = Math.max(asked.startOffset, state.startOffset)
  const deliveryCompleteCount =
    asked.startOffset === state.startOffset
      ? Math.max(asked.deliveryCompleteCount, state.deliveryCompleteCount)
      : asked.startOffset < state.startOffset
        ? state.deliveryCompleteCount
        : asked.deliveryCompleteCount
  const next = { ...state, startOffset, deliveryCompleteCount }
  return write(reply, [changeRecord(machine, key, state, next, asked.batches)], DONE)
}

function writeFault(
  key: ShareKey,
  { leaderEpoch, stateEpoch }: StateWrite,
  state: ShareState | undefined,
  hasPartition: PartitionCheck,
): StateAnswer | null {
  if (key.partition < 0) return NEGATIVE_PARTITION
  if (leaderEpoch < 0) return NEGATIVE_LEADER_EPOCH
  if (stateEpoch < 0) return NEGATIVE_STATE_EPOCH
  if (state === undefined) return UNINITIALISED_WRITE
  if (state.leaderEpoch > leaderEpoch) return FENCED_LEADER
  if (state.stateEpoch > stateEpoch) return FENCED_STATE
  return hasPartition(key.topicId, key.partition) ? null : UNKNOWN_PARTITION
}

export function summariseState(
  machine: ShareMachine,
  key: ShareKey,
  hasPartition: PartitionCheck,
  reply: Reply<SummaryAnswer>,
): ShareOutcome {
  const fault =
    key.partition < 0 ? NEGATIVE_PARTITION : !hasPartition(key.topicId, key.partition) ? UNKNOWN_PARTITION : null
  if (fault !== null) return refuse(reply, summaryFailed(fault))
  const state = machine.get(key)
  if (state === undefined) return refuse(reply, { ...summaryFailed(DONE), startOffset: UNINITIALISED })
  const { stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount } = state
  return refuse(reply, { ...DONE, stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount })
}

export function deleteState(
  machine: ShareMachine,
  key: ShareKey,
  hasPartition: PartitionCheck,
  reply: Reply<StateAnswer>,
): ShareOutcome {
  if (key.partition < 0) return refuse(reply, NEGATIVE_PARTITION)
  const isThere = machine.get(key) !== undefined
  if (!isThere && !hasPartition(key.topicId, key.partition)) return refuse(reply, UNKNOWN_PARTITION)
  return isThere ? write(reply, [deletionRecord(key)], DONE) : refuse(reply, DONE)
}

export function deleteStatesOfTopics(machine: ShareMachine, topicIds: ReadonlySet<string>): ShareOutcome {
  const keys = [...machine.states.values()].filter(({ key }) => topicIds.has(key.topicId))
  return { records: keys.map(({ key }) => deletionRecord(key)), inPieces: true, refused: () => {} }
}

/** An update; now and then all of the state. */
function changeRecord(
  machine: ShareMachine,
  key: ShareKey,
  state: ShareState,
  next: ShareState,
  batches: readonly StateBatch[],
) {
  if (state.updateCount < machine.config.updatesPerSnapshot) {
    return updateRecord(key, next, combine([], batches, next.startOffset))
  }
  const whole = { ...next, batches: combine(state.batches, batches, next.startOffset) }
  return snapshotRecord(key, nextSnapshot(whole, machine.host.clock.now()))
}

function refuse<T>(reply: Reply<T>, answer: T): ShareOutcome {
  reply.send(answer)
  return NOTHING
}

function write<T>(reply: Reply<T>, records: ShareOutcome['records'], answer: T): ShareOutcome {
  return { records, applied: () => reply.send(answer), refused: (errorCode) => reply.sendError(errorCode) }
}
