// The APIs of the share coordinator, by which other brokers keep delivery state here: InitializeShareGroupState (83),
// ReadShareGroupState (84), WriteShareGroupState (85), DeleteShareGroupState (86), ReadShareGroupStateSummary (87).
// KIP-932; v1 of 85 and 87 carries what is done with past the start (KIP-1226). Each partition is answered for itself.
// Five APIs of one shape, hence one file.

import { fromBatch, toBatch } from '../../coordinator/share/share-machine.ts'
import { handler } from '../handler.ts'

interface Topic<P> {
  readonly topicId: string
  readonly partitions: readonly P[]
}

/** Once for each partition, however often it is named; nothing for a group without a name. */
async function forEach<P extends { readonly partition: number }, R>(
  { groupId, topics }: { readonly groupId: string; readonly topics: readonly Topic<P>[] },
  ask: (topicId: string, partition: P) => Promise<R>,
) {
  const wanted = new Map<string, Map<number, P>>()
  for (const { topicId, partitions } of groupId === '' ? [] : topics) {
    if (partitions.length === 0) continue
    const ofTopic = wanted.get(topicId) ?? new Map<number, P>()
    wanted.set(topicId, ofTopic)
    for (const one of partitions) ofTopic.set(one.partition, one)
  }
  return Promise.all(
    Array.from(wanted, async ([topicId, partitions]) => ({
      topicId,
      partitions: await Promise.all(Array.from(partitions.values(), (one) => ask(topicId, one))),
    })),
  )
}

/** Other brokers have patience of their own. */
const PATIENT = false

export const initializeShareGroupState = handler('InitializeShareGroupState', async ({ shareState }, request) => {
  const { groupId } = request
  const results = await forEach(request, async (topicId, { partition, stateEpoch, startOffset }) => {
    const asked = { stateEpoch, startOffset: Number(startOffset) }
    return { partition, ...(await shareState.initialize({ groupId, topicId, partition }, asked, PATIENT)) }
  })
  return { results }
})

export const readShareGroupState = handler('ReadShareGroupState', async ({ shareState }, request) => {
  const { groupId } = request
  const results = await forEach(request, async (topicId, { partition, leaderEpoch }) => {
    const answer = await shareState.read({ groupId, topicId, partition }, leaderEpoch, PATIENT)
    const { errorCode, errorMessage, stateEpoch, batches } = answer
    const startOffset = BigInt(answer.startOffset)
    return { partition, errorCode, errorMessage, stateEpoch, startOffset, stateBatches: batches.map(fromBatch) }
  })
  return { results }
})

export const writeShareGroupState = handler('WriteShareGroupState', async ({ shareState }, request) => {
  const { groupId } = request
  const results = await forEach(request, async (topicId, one) => {
    const { partition, stateEpoch, leaderEpoch, deliveryCompleteCount } = one
    const startOffset = Number(one.startOffset)
    const batches = one.stateBatches.map(toBatch)
    const asked = { stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount, batches }
    return { partition, ...(await shareState.write({ groupId, topicId, partition }, asked, PATIENT)) }
  })
  return { results }
})

export const deleteShareGroupState = handler('DeleteShareGroupState', async ({ shareState }, request) => {
  const { groupId } = request
  const results = await forEach(request, async (topicId, { partition }) => {
    return { partition, ...(await shareState.delete({ groupId, topicId, partition }, PATIENT)) }
  })
  return { results }
})

export const readShareGroupStateSummary = handler('ReadShareGroupStateSummary', async ({ shareState }, request) => {
  const { groupId } = request
  const results = await forEach(request, async (topicId, { partition }) => {
    const answer = await shareState.summarise({ groupId, topicId, partition }, PATIENT)
    return { partition, ...answer, startOffset: BigInt(answer.startOffset) }
  })
  return { results }
})
