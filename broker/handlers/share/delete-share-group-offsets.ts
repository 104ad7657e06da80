// DeleteShareGroupOffsets (92), v0. KIP-932: a group without members forgets topics.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { fault } from '../../controller/decision.ts'
import { handler } from '../handler.ts'
import { deleteShareState } from './delete-share-state.ts'
import { hasShareGroups, NO_SHARE_GROUPS } from './enabled.ts'

const NO_NAME = fault(ErrorCode.INVALID_GROUP_ID, 'The group has no name.')

export const deleteShareGroupOffsets = handler('DeleteShareGroupOffsets', async (services, request) => {
  if (!hasShareGroups(services)) return { ...NO_SHARE_GROUPS, responses: [] }
  if (request.groupId === '') return { ...NO_NAME, responses: [] }
  const idOf = (name: string) => services.metadata.image.topics.byName(name)?.id
  const topicIds = request.topics.flatMap(({ topicName }) => idOf(topicName) ?? [])
  const { refusal, codes } = await deleteShareState(services, request.groupId, topicIds)
  if (refusal !== null) return { ...refusal, responses: [] }
  const responses = request.topics.map(({ topicName }) => {
    const topicId = idOf(topicName)
    const errorCode = topicId === undefined ? undefined : codes.get(topicId)
    if (topicId === undefined || errorCode === undefined) {
      const errorMessage = 'This server does not host this topic-partition.'
      return { topicName, topicId: ZERO_UUID, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage }
    }
    return { topicName, topicId, errorCode, errorMessage: null }
  })
  return { errorCode: ErrorCode.NONE, errorMessage: null, responses }
})
