// A client of transactions that speaks the protocol by itself, by the rules of old clients and of new ones, against a
// whole broker on a simulated machine.

import { ErrorCode } from '../../protocol/error-codes.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { batchOf, type Client, World } from './harness.ts'

export const TOPIC = 'letters'
export const GROUP = 'readers'
const PROPERTIES = {
  'transaction.state.log.num.partitions': '2',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
}

export interface Identity {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** `keyTypes`: of the coordinators that have been looked for, of groups and of transactions. */
export async function ready(
  t: Parameters<typeof World.start>[0],
  properties: Record<string, string> = {},
  keyTypes: readonly number[] = [0, 1],
) {
  const world = await World.start(t, { ...PROPERTIES, ...properties })
  const client = await world.connect()
  await client.createTopic(TOPIC, 2)
  for (const keyType of keyTypes) await coordinatorOf(world, client, keyType, keyType === 0 ? GROUP : 'any')
  return { world, client }
}

export function coordinatorOf(world: World, client: Client, keyType: number, key: string): Promise<void> {
  return until(world, async () => {
    const { coordinators } = await client.request('FindCoordinator', 4, { keyType, coordinatorKeys: [key] })
    return coordinators[0]?.errorCode === ErrorCode.NONE
  })
}

export async function until(world: World, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await holds()) return
    await world.simulation.run(20)
  }
  throw new Error('what was awaited has not come')
}

export async function init(
  world: World,
  client: Client,
  transactionalId: string,
  timeoutMs = 60_000,
): Promise<Identity> {
  let identity: Identity | null = null
  await until(world, async () => {
    const answer = await client.request('InitProducerId', 4, { transactionalId, transactionTimeoutMs: timeoutMs })
    const { errorCode, producerId, producerEpoch } = answer
    if (errorCode === ErrorCode.NONE) identity = { transactionalId, producerId, producerEpoch }
    return errorCode === ErrorCode.NONE
  })
  return identity!
}

function batchBy({ producerId, producerEpoch }: Identity, baseSequence: number, ...values: string[]): Uint8Array {
  return batchOf(values, { transactional: true, producerId, producerEpoch, baseSequence })
}

export function produceBody(identity: Identity, baseSequence: number, value: string, index = 0) {
  const partitionData = [{ index, records: batchBy(identity, baseSequence, value) }]
  return {
    ...{ transactionalId: identity.transactionalId, acks: -1, timeoutMs: 10_000 },
    topicData: [{ name: TOPIC, partitionData }],
  }
}

export async function produce(
  client: Client,
  version: number,
  identity: Identity,
  sequence: number,
  value: string,
  index = 0,
) {
  const answer = await client.request('Produce', version, produceBody(identity, sequence, value, index))
  return answer.responses[0]!.partitionResponses[0]!.errorCode
}

export async function add(
  client: Client,
  version: number,
  identity: Identity,
  ...partitions: number[]
): Promise<number> {
  const answer = await client.request('AddPartitionsToTxn', version, {
    v3AndBelowTransactionalId: identity.transactionalId,
    v3AndBelowProducerId: identity.producerId,
    v3AndBelowProducerEpoch: identity.producerEpoch,
    v3AndBelowTopics: [{ name: TOPIC, partitions }],
  })
  return answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode
}

export async function end(
  client: Client,
  version: number,
  identity: Identity,
  committed: boolean,
): Promise<Identity & { errorCode: number }> {
  const { errorCode, producerId, producerEpoch } = await client.request('EndTxn', version, { ...identity, committed })
  return version >= 5 ? { ...identity, errorCode, producerId, producerEpoch } : { ...identity, errorCode }
}

export async function stateOf(client: Client, transactionalId: string): Promise<string> {
  const answer = await client.request('DescribeTransactions', 0, { transactionalIds: [transactionalId] })
  return answer.transactionStates[0]!.transactionState
}

export function complete(world: World, client: Client, transactionalId: string): Promise<void> {
  return until(world, async () => (await stateOf(client, transactionalId)).startsWith('Complete'))
}

/** What a consumer of committed records sees of a partition, as one that passes over aborted transactions. */
export async function committed(client: Client, index = 0): Promise<string[]> {
  const { records, abortedTransactions } = await client.fetch(TOPIC, 0, { isolationLevel: 1, index })
  const aborted = new Set((abortedTransactions ?? []).map(({ producerId }) => producerId))
  const values = readRecords(records ?? new Uint8Array()).map(({ value }) => Buffer.from(value ?? []).toString())
  return aborted.size > 0 ? values.filter((value) => !value.startsWith('aborted')) : values
}

export function texts(values: readonly string[]): string[] {
  return values.filter((value) => /^[a-z]/.test(value))
}

export async function commitOffset(
  client: Client,
  version: number,
  identity: Identity,
  offset: bigint,
): Promise<number> {
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }]
  const topics = [{ name: TOPIC, partitions }]
  const answer = await client.request('TxnOffsetCommit', version, { ...identity, groupId: GROUP, topics })
  return answer.topics[0]!.partitions[0]!.errorCode
}

export async function fetchOffset(client: Client, requireStable: boolean) {
  const topics = [{ name: TOPIC, partitionIndexes: [0] }]
  const answer = await client.request('OffsetFetch', 7, { groupId: GROUP, topics, requireStable })
  if (answer.errorCode !== ErrorCode.NONE) return { errorCode: answer.errorCode, committedOffset: -2n }
  return answer.topics[0]!.partitions[0]!
}

export async function writeMarker(client: Client, { producerId, producerEpoch }: Identity): Promise<number> {
  const topics = [{ name: TOPIC, partitionIndexes: [0] }]
  const marker = { producerId, producerEpoch, transactionResult: false, topics, coordinatorEpoch: 0 }
  const answer = await client.request('WriteTxnMarkers', 1, { markers: [marker] })
  return answer.markers[0]!.topics[0]!.partitions[0]!.errorCode
}

export async function producersOf(client: Client) {
  const answer = await client.request('DescribeProducers', 0, { topics: [{ name: TOPIC, partitionIndexes: [0] }] })
  return { producers: answer.topics[0]!.partitions[0]!.activeProducers }
}
