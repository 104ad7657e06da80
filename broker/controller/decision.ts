// What the controller's pure part sees and says. A function from state and request to records and an answer; nothing
// changes but by the replay of the records, and the answer leaves when they are committed.

import { ErrorCode } from '../../protocol/error-codes.ts'
import type { MetadataRecordType } from '../../protocol/messages/metadata-log/frame.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Mutations } from '../metadata/controller-channel.ts'
import type { BrokerImage, MetadataImage } from '../metadata/image.ts'
import { type MetadataRecord, newRecord } from '../metadata/records.ts'
import type { Quorum } from './quorum.ts'
import type { Sessions } from './sessions.ts'

export interface ControllerState {
  /** All records appended so far are in it, committed or not: the next decision follows from the one before. */
  readonly image: MetadataImage
  /** Where the first of the decision's records will stand. */
  readonly nextOffset: number
  readonly clusterId: string
  /** Of the controller's node: defaults for topics, with the dynamic values of the image. */
  readonly config: BrokerConfig
  readonly sessions: Sessions
  /** Where the metadata log stands, and who votes on it. */
  readonly quorum: Pick<Quorum, 'nodeId' | 'leaderEpoch' | 'logEndOffset' | 'highWatermark' | 'voters'>
  /** What the client's quota lets it create and delete. */
  readonly mutations: Mutations
  /** Milliseconds of the wall clock. */
  readonly now: number
  readonly newUuid: () => string
  /** An integer in [0, below). */
  readonly random: (below: number) => number
}

export interface Decision<Answer> {
  readonly records: readonly MetadataRecord[]
  readonly answer: Answer
  /** The records need not take effect together: more than one batch may carry them. */
  readonly divisible?: true
}

export interface Fault {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

/** The client has created and deleted more partitions than its quota lets it (KIP-599). */
export const QUOTA_EXCEEDED: Fault = {
  errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED,
  errorMessage: null,
}

export const NO_FAULT = { errorCode: ErrorCode.NONE, errorMessage: null }

export function fault(errorCode: ErrorCode, errorMessage: string | null): Fault {
  return { errorCode, errorMessage }
}

/** Makes records in the versions of the cluster's metadata.version. */
export function recordMaker(image: MetadataImage) {
  return <Type extends MetadataRecordType>(type: Type, value: Parameters<typeof newRecord<Type>>[2]): MetadataRecord =>
    newRecord(type, image.metadataVersion, value)
}

/** Whether new replicas may lead on the broker. */
export function isActive(broker: BrokerImage | undefined): boolean {
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
}
