// The way of answers out: the request log, and the memory that they are encoded into. (Quotas are in
// quotas/throttling.test.ts, acks=0 in data.test.ts, connections that go in http/operator-http.test.ts.)

import t from 'tap'
import { LOGGERS } from '../../broker/config/loggers.ts'
import { ALTER } from '../../broker/controller/configs.ts'
import { RESOURCE } from '../../broker/metadata/image.ts'
import { expectedAnswerSize } from '../../broker/served-call.ts'
import { apis } from '../../protocol/apis.ts'
import { World } from './harness.ts'

const { requests } = LOGGERS

t.test('the request log has a line for each request while its logger is at DEBUG', async (t) => {
  const world = await World.start(t, { 'milena.log.levels': `${requests}:DEBUG` })
  const client = await world.connect('shop')
  const lines = () => {
    const events = world.node.logger.events.filter(({ fields }) => fields['logger'] === requests)
    world.node.logger.events.length = 0
    return events.map(({ fields }) => fields)
  }
  lines()
  await client.request('ApiVersions', 3, { clientSoftwareName: 'test-client', clientSoftwareVersion: '1.2' })
  await client.request('ListOffsets', 6, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 'absent', partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n }] }],
  })
  const common = { clientId: 'shop', listener: 'PLAINTEXT', principal: 'User:ANONYMOUS', software: 'test-client/1.2' }
  t.match(lines(), [
    { ...common, api: 'ApiVersions', version: 3, requestSize: Number, responseSize: Number, errors: undefined },
    { ...common, api: 'ListOffsets', version: 6, totalTimeMs: Number, errors: 'UNKNOWN_TOPIC_OR_PARTITION' },
  ])
  const configs = [{ name: requests, configOperation: ALTER.set, value: 'INFO' }]
  const resources = [{ resourceType: RESOURCE.brokerLogger, resourceName: '1', configs }]
  await client.request('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
  await client.request('ApiVersions', 3, { clientSoftwareName: 'test-client', clientSoftwareVersion: '1.2' })
  t.same(lines(), [])
  await world.stop()
})

t.test('memory for an answer as large as its request is taken for names, not for records', (t) => {
  const size = 2 * 1024 * 1024
  t.ok(expectedAnswerSize(apis.DeleteTopics, size) > size)
  t.same([expectedAnswerSize(apis.Produce, size), expectedAnswerSize(apis.DeleteTopics, 1000)], [0, 0])
  t.end()
})
