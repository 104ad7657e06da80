import t from 'tap'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { createTopicsRequest, DIRECTORY_ID, MetadataMachine, topicOf } from './harness.ts'

t.test('a topic that is created is in the broker image, and after a restart again', async (t) => {
  const machine = new MetadataMachine(1)
  const running = await machine.start()
  const response = await machine.simulation.complete(
    running.channel.send('CreateTopics', createTopicsRequest(topicOf('orders', { numPartitions: 3 }))),
  )
  t.match(response.topics, [{ name: 'orders', errorCode: ErrorCode.NONE, numPartitions: 3, replicationFactor: 1 }])
  await machine.simulation.complete(running.metadata.whenApplied(running.controller.image.offset))
  const topic = running.metadata.image.topics.byName('orders')
  t.equal(topic?.id, response.topics[0]?.topicId)
  t.match(topic?.partitions[2], { leader: 1, leaderEpoch: 0, isr: [1], replicas: [1], directories: [DIRECTORY_ID] })

  await machine.stop(running)
  machine.node.kill()
  machine.node.restart()
  const again = await machine.start(true)
  const reloaded = again.metadata.image.topics.byName('orders')
  t.equal(reloaded?.id, topic?.id)
  t.match(reloaded?.partitions[2], { leader: 1, leaderEpoch: 1, partitionEpoch: 1 }, 'led in a new epoch')
  t.equal(again.quorum.leaderEpoch, 2)
})
