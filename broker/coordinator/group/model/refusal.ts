// Why a request is refused: an error of the protocol, and a sentence where its answer has room for one.

import { ErrorCode } from '../../../../protocol/error-codes.ts'

export interface Refusal {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Tells it from what would have been answered otherwise, which never has an error code. */
export function isRefusal(value: object): value is Refusal {
  return 'errorCode' in value
}

export function refusal(errorCode: number, errorMessage: string | null): Refusal {
  return { errorCode, errorMessage }
}

/** Why there is no group of a kind with this id. `noun`: what Kafka calls one there where it knows of none at all. */
export function groupNotFound(
  { groups }: { readonly groups: ReadonlyMap<string, unknown> },
  groupId: string,
  kind: 'classic' | 'consumer' | 'share' | 'streams',
  noun = 'Group',
): Refusal {
  const isThere = groups.has(groupId)
  const words = isThere ? `Group ${groupId} is not a ${kind} group.` : `${noun} ${groupId} not found.`
  return refusal(ErrorCode.GROUP_ID_NOT_FOUND, words)
}
