// Fetch and FetchSnapshot on the controller: how brokers follow the metadata log (KIP-595, KIP-630). Only what is
// committed is given out. A fetch at the end waits for more; one below the log's start is told the snapshot to begin
// from.

import type { Host, Timer } from '../../host/host.ts'
import type { RequestInputOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { METADATA_TOPIC, METADATA_TOPIC_ID } from '../metadata/internal-topics.ts'
import type { Controller } from './controller.ts'

type PartitionData = ResponseInputOf<'Fetch'>['responses'][number]['partitions'][number]

export function fetchMetadataLog(
  host: Host,
  controller: Controller,
  request: RequestInputOf<'Fetch'>,
): Promise<ResponseInputOf<'Fetch'>> {
  const partition = request.topics[0]?.partitions[0]
  const topicId = request.topics[0]?.topicId
  if (request.topics.length !== 1 || partition === undefined || topicId !== METADATA_TOPIC_ID) {
    return Promise.resolve({ throttleTimeMs: 0, errorCode: ErrorCode.INVALID_REQUEST, responses: [] })
  }
  const { quorum } = controller
  const offset = Number(partition.fetchOffset)
  const answer = (errorCode: number, records: readonly Uint8Array[], fields: Partial<PartitionData> = {}) => ({
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    responses: [
      {
        topicId,
        partitions: [
          {
            partitionIndex: 0,
            errorCode,
            highWatermark: BigInt(quorum.highWatermark),
            lastStableOffset: BigInt(quorum.highWatermark),
            logStartOffset: BigInt(quorum.logStartOffset),
            abortedTransactions: null,
            records,
            currentLeader: { leaderId: quorum.nodeId, leaderEpoch: quorum.leaderEpoch },
            ...fields,
          },
        ],
      },
    ],
  })
  return new Promise((resolve) => {
    let timer: Timer | null = null
    let stopListening = () => {}
    const isDue = () => offset < quorum.highWatermark || controller.isStopped
    const finish = () => {
      timer?.cancel()
      stopListening()
      const snapshot = quorum.latestSnapshot
      // From nothing, a snapshot is the shorter way even where the log still has it all.
      if (snapshot !== null && (offset < quorum.logStartOffset || offset === 0)) {
        const snapshotId = { endOffset: BigInt(snapshot.endOffset), epoch: snapshot.epoch }
        resolve(answer(ErrorCode.NONE, [], { snapshotId }))
      } else if (controller.isStopped) resolve(answer(ErrorCode.NOT_LEADER_OR_FOLLOWER, []))
      else quorum.read(offset, request.maxBytes ?? 0, (errorCode, slices) => resolve(answer(errorCode, slices)))
    }
    if (isDue() || request.maxWaitMs <= 0) return finish()
    timer = host.timers.after(request.maxWaitMs, finish)
    stopListening = controller.onCommit(() => {
      if (isDue()) finish()
    })
  })
}

export function fetchSnapshot(
  controller: Controller,
  request: RequestInputOf<'FetchSnapshot'>,
): ResponseInputOf<'FetchSnapshot'> {
  const partition = request.topics[0]?.partitions[0]
  if (partition === undefined || request.topics[0]?.name !== METADATA_TOPIC) {
    return { throttleTimeMs: 0, errorCode: ErrorCode.INVALID_REQUEST, topics: [] }
  }
  const { snapshotId } = partition
  const id = { endOffset: Number(snapshotId.endOffset), epoch: snapshotId.epoch }
  const bytes = controller.quorum.readSnapshot(id)
  const position = Number(partition.position)
  const found = bytes !== null && position <= bytes.length
  const errorCode = bytes === null ? ErrorCode.SNAPSHOT_NOT_FOUND : ErrorCode.POSITION_OUT_OF_RANGE
  const part = {
    index: 0,
    errorCode: found ? ErrorCode.NONE : errorCode,
    snapshotId,
    size: BigInt(bytes?.length ?? 0),
    position: partition.position,
    unalignedRecords: found
      ? bytes.subarray(position, position + (request.maxBytes ?? bytes.length))
      : new Uint8Array(0),
  }
  return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, topics: [{ name: METADATA_TOPIC, partitions: [part] }] }
}
