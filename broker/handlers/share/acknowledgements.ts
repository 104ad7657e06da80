// What is wrong with acknowledgements before the records are looked at, partition by partition: offsets the wrong way
// round, types that there are not, or not one for all or one for each. For ShareFetch and ShareAcknowledge.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Services } from '../../services.ts'
import type { Acknowledgement } from '../../share/in-flight-records.ts'
import { GAP, REJECT, RENEW } from '../../share/record-state.ts'
import type { SharePartitions } from '../../share/share-partitions.ts'

/** The version of ShareFetch and of ShareAcknowledge from which on a lock can be renewed (KIP-1222). */
export const RENEWAL_SINCE = 2

export interface AskedBatch {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly acknowledgeTypes: readonly number[]
}

export interface AskedPartition {
  readonly partitionIndex: number
  readonly acknowledgementBatches: readonly AskedBatch[]
}

export interface AskedTopic {
  readonly topicId: string
  readonly partitions: readonly AskedPartition[]
}

export interface AcknowledgedPartition {
  readonly topicId: string
  readonly partitionIndex: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Null: they cannot be taken. */
function checked(batches: readonly AskedBatch[], mayRenew: boolean, isRenewal: boolean): Acknowledgement[] | null {
  let end = -1
  const last = mayRenew ? RENEW : REJECT
  const acknowledgements: Acknowledgement[] = []
  for (const { firstOffset, lastOffset, acknowledgeTypes: types } of batches) {
    const first = Number(firstOffset)
    const count = Number(lastOffset) - first + 1
    if (count < 1 || first < end || types.length === 0) return null
    if (types.length > 1 && types.length !== count) return null
    for (const type of types) {
      if (type < GAP || type > last || (type === RENEW && !isRenewal)) return null
    }
    end = Number(lastOffset)
    acknowledgements.push({ firstOffset: first, lastOffset: end, types })
  }
  return acknowledgements
}

/** `done` is called, now or later, when all of it is durable or refused; with what became of each partition. */
export function acknowledgeAll(
  services: Services,
  shares: SharePartitions,
  member: { readonly groupId: string; readonly memberId: string },
  topics: readonly AskedTopic[],
  options: { readonly mayRenew: boolean; readonly isRenewal: boolean },
  done: (answers: readonly AcknowledgedPartition[]) => void,
): void {
  const answers: AcknowledgedPartition[] = []
  // One more than there are, so that it is not over before all have been asked.
  let open = 1
  const end = () => {
    if (--open === 0) done(answers)
  }
  for (const { topicId, partitions } of topics) {
    const isKnown = services.metadata.image.topics.byId(topicId) !== undefined
    for (const { partitionIndex, acknowledgementBatches } of partitions) {
      if (acknowledgementBatches.length === 0) continue
      const index = answers.length
      const answer = (errorCode: number, errorMessage: string | null = null) => {
        answers[index] = { topicId, partitionIndex, errorCode, errorMessage }
      }
      answer(ErrorCode.NONE)
      const acknowledgements = checked(acknowledgementBatches, options.mayRenew, options.isRenewal)
      const share = shares.find(member.groupId, topicId, partitionIndex)
      if (!isKnown) answer(ErrorCode.UNKNOWN_TOPIC_ID)
      else if (acknowledgements === null) answer(ErrorCode.INVALID_REQUEST)
      else if (share === undefined) answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      else {
        open++
        share.acknowledge(member.memberId, acknowledgements, (errorCode, errorMessage) => {
          answer(errorCode, errorMessage)
          end()
        })
      }
    }
  }
  end()
}

/** 36 characters: a UUID in its long form is the longest that a client makes. */
export function isMemberId(memberId: string | null): memberId is string {
  return memberId !== null && memberId.length > 0 && memberId.length <= 36
}
