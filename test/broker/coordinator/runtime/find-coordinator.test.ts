// Where the coordinator of a group is, and the topic that it keeps its log in.

import t from 'tap'
import { coordinatorPartition, javaHashCode } from '../../../../broker/coordinator/runtime/coordinator-runtime.ts'
import { CoordinatorFinder } from '../../../../broker/coordinator/runtime/find-coordinator.ts'
import { InternalTopic } from '../../../../broker/coordinator/runtime/internal-topic.ts'
import { simulate } from '../../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../../protocol/wire.ts'
import { seed } from '../../../host/implementations.ts'

t.test('a group belongs to the partition of its Java hash code', (t) => {
  t.equal(javaHashCode(''), 0)
  t.equal(javaHashCode('hello'), 99162322)
  t.equal(
    javaHashCode('žluťoučký kůň 🐎'),
    Array.from(Buffer.from('žluťoučký kůň 🐎', 'utf16le')).reduce(
      (state, byte, index, all) =>
        index % 2 === 0 ? (Math.imul(31, state) + byte + (all[index + 1]! << 8)) | 0 : state,
      0,
    ),
  )
  t.equal(javaHashCode('polygenelubricants'), -2147483648)
  t.equal(coordinatorPartition('polygenelubricants', 50), 0)
  t.equal(coordinatorPartition('console-consumer', 1), 0)
  // As Kafka placed them in a topic of four partitions.
  for (const group of ['txn-group', 'group-classic', 'group-consumer', 'group-manual']) {
    t.equal(coordinatorPartition(group, 4), 0)
  }
  t.equal(coordinatorPartition('workers', 4), 1)
  t.end()
})

t.test(
  'trap 21: FindCoordinator takes several keys from v4 on, and has the topic created while it says so',
  async (t) => {
    let partitions = 0
    let created = 0
    const finder = new CoordinatorFinder({
      topics: {
        group: {
          name: '__consumer_offsets',
          partitionOf: (group) => (partitions === 0 ? undefined : coordinatorPartition(group, partitions)),
          create: () => {
            created++
          },
        },
      },
      leaderOf: (_topic, partition) => (partition === 0 ? undefined : { nodeId: 1, host: 'here', port: 9092 }),
    })
    const find = (version: number, keyType: number, ...keys: string[]) =>
      finder.find({ key: keys[0] ?? '', keyType, coordinatorKeys: keys }, version, 'PLAINTEXT')
    t.match(find(0, 0, 'g'), { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, nodeId: -1, host: '', port: -1 })
    t.equal(created, 1)
    partitions = 2
    t.match(find(3, 0, 'a'), { errorCode: 0, errorMessage: 'NONE', nodeId: 1, host: 'here', port: 9092 })
    t.match(find(4, 0, 'a', 'b').coordinators, [
      { key: 'a', errorCode: 0, nodeId: 1 },
      { key: 'b', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, nodeId: -1 },
    ])
    t.equal(created, 1)
    for (const keyType of [1, 2, 9]) {
      t.match(find(6, keyType, 'a').coordinators, [{ key: 'a', errorCode: ErrorCode.INVALID_REQUEST, nodeId: -1 }])
    }
  },
)

t.test('__consumer_offsets is asked for once at a time, as Kafka configures it', async (t) => {
  const simulation = simulate(seed)
  const { logger } = simulation.node('broker')
  const asked: unknown[] = []
  let errorCode: number = ErrorCode.INVALID_REPLICATION_FACTOR
  const config = { partitionCount: 50, replicationFactor: 1, configs: { 'segment.bytes': '104857600' } }
  const topic = new InternalTopic(
    '__consumer_offsets',
    logger,
    () => config,
    async (request) => {
      asked.push(request.topics)
      return { throttleTimeMs: 0, topics: [result(errorCode)] }
    },
  )
  topic.create()
  topic.create()
  await simulation.run(1)
  t.equal(asked.length, 1)
  t.match(asked[0], [{ name: '__consumer_offsets', numPartitions: 50, replicationFactor: 1 }])
  t.match(logger.lines().at(-1), /INVALID_REPLICATION_FACTOR/)
  errorCode = ErrorCode.NONE
  topic.create()
  await simulation.run(1)
  t.equal(asked.length, 2)
})

function result(errorCode: number) {
  return {
    name: '__consumer_offsets',
    topicId: ZERO_UUID,
    errorCode,
    errorMessage: null,
    numPartitions: 50,
    replicationFactor: 1,
    configs: null,
    topicConfigErrorCode: 0,
  }
}
