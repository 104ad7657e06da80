// AlterShareGroupOffsets (91), v0. KIP-932: a group without members begins elsewhere. Its state is initialised anew
// with a greater epoch, so that whatever was under way is refused.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { fault } from '../../controller/decision.ts'
import { initializeState } from '../../coordinator/group/share/requests.ts'
import { type Alteration, beginAlteration, stateInitialized } from '../../coordinator/group/share/state-plans.ts'
import { coordinatorRefusal } from '../../coordinator/runtime/coordinator-errors.ts'
import { handler } from '../handler.ts'
import { hasShareGroups, NO_SHARE_GROUPS } from './enabled.ts'

const UNKNOWN = 'This server does not host this topic-partition.'

const NO_NAME = fault(ErrorCode.INVALID_GROUP_ID, 'The group has no name.')

export const alterShareGroupOffsets = handler('AlterShareGroupOffsets', async (services, request) => {
  if (!hasShareGroups(services)) return { ...NO_SHARE_GROUPS, responses: [] }
  const { groups, shareState, metadata } = services
  const { groupId } = request
  if (groupId === '') return { ...NO_NAME, responses: [] }
  const topicOf = (name: string) => metadata.image.topics.byName(name)
  const known = request.topics.flatMap(({ topicName: name, partitions }) => {
    const topic = topicOf(name)
    if (topic === undefined) return []
    const there = partitions.filter(({ partitionIndex }) => topic.partitions[partitionIndex] !== undefined)
    return [{ topicId: topic.id, name, partitions: there.map(({ partitionIndex }) => partitionIndex), stateEpoch: 0 }]
  })
  const { refusal, stateEpoch } = await groups.run<Alteration>(
    groupId,
    (machine, reply) => beginAlteration(machine, groupId, known, reply),
    (errorCode) => ({ refusal: coordinatorRefusal(errorCode), stateEpoch: -1 }),
  )
  if (refusal !== null) return { ...refusal, responses: [] }
  const offsets = new Map(
    request.topics.flatMap(({ topicName, partitions }) =>
      partitions.map((one) => [`${topicOf(topicName)?.id}:${one.partitionIndex}`, Number(one.startOffset)]),
    ),
  )
  const topics = known.map((topic) => ({ ...topic, stateEpoch }))
  const codeOf = await initializeState(shareState, groupId, topics, (topicId, partition) => {
    return offsets.get(`${topicId}:${partition}`) ?? -1
  })
  const done = topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.filter((partition) => codeOf(topic.topicId, partition) === ErrorCode.NONE),
  }))
  await groups.run<number>(
    groupId,
    (machine, reply) => stateInitialized(machine, groupId, done, reply),
    (errorCode) => errorCode,
  )
  const responses = request.topics.map(({ topicName, partitions }) => {
    const topic = topicOf(topicName)
    return {
      topicName,
      topicId: topic?.id ?? ZERO_UUID,
      partitions: partitions.map(({ partitionIndex }) => {
        const isThere = topic?.partitions[partitionIndex] !== undefined
        const errorCode =
          topic === undefined || !isThere ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : codeOf(topic.id, partitionIndex)
        return { partitionIndex, errorCode, errorMessage: isThere ? null : UNKNOWN }
      }),
    }
  })
  return { errorCode: ErrorCode.NONE, errorMessage: null, responses }
})
