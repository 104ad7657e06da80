// The controller asked past the broker: a listener of its own, when the properties name one (KIP-919).

import t from 'tap'
import { apis } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { WireClient } from '../wire-client.ts'
import { World } from './harness.ts'

const CONTROLLERS = 2
const BROKERS = 1

async function world(properties: Record<string, string> = {}) {
  const world = await World.start(t, { listeners: 'PLAINTEXT://broker:9092,CONTROLLER://broker:9093', ...properties })
  const { simulation } = world
  const connect = async (port: number) => {
    const { network } = simulation.node('client').host
    return new WireClient(await simulation.complete(network.connect({ host: 'broker', port })), 'test')
  }
  return { ...world, world, simulation, connect }
}

t.test('it serves what the controller decides, and tells where controllers are', async (t) => {
  const { world: broker, simulation, connect } = await world()
  const client = await connect(9093)
  const versions = await simulation.complete(client.send('ApiVersions', 0, {}))
  const keys = new Set(versions?.apiKeys.map(({ apiKey }) => apiKey))
  t.ok(keys.has(apis.DescribeQuorum.key) && keys.has(apis.CreateTopics.key))
  t.notOk(keys.has(apis.Metadata.key) || keys.has(apis.Produce.key) || keys.has(apis.JoinGroup.key))
  const describe = (endpointType: number) =>
    simulation.complete(client.send('DescribeCluster', 1, { includeClusterAuthorizedOperations: false, endpointType }))
  t.match(await describe(CONTROLLERS), {
    errorCode: 0,
    endpointType: CONTROLLERS,
    brokers: [{ brokerId: 1, port: 9093 }],
  })
  t.match(await describe(BROKERS), { errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE, brokers: { length: 0 } })
  t.match(await describe(7), { errorCode: ErrorCode.UNSUPPORTED_ENDPOINT_TYPE })
  const partitions = [{ partitionIndex: 0 }]
  const topics = [{ topicName: '__cluster_metadata', partitions }]
  const quorum = await simulation.complete(client.send('DescribeQuorum', 2, { topics }))
  t.match(quorum?.nodes, [{ nodeId: 1, listeners: [{ name: 'CONTROLLER', host: 'broker', port: 9093 }] }])
  t.equal(await simulation.complete(client.send('Metadata', 9, { topics: null })), null, 'what it does not serve')
  await broker.stop()
})

t.test('it does not mind who it was taken for, and version 0 knows nothing of controllers', async (t) => {
  const { world: broker, simulation, connect } = await world()
  const client = { clientSoftwareName: 'test', clientSoftwareVersion: '1', clusterId: 'another', nodeId: 77 }
  const [controller, other] = [await connect(9093), await connect(9092)]
  const asked = (peer: WireClient) => simulation.complete(peer.send('ApiVersions', 5, client))
  t.match(await asked(controller), { errorCode: ErrorCode.NONE })
  t.match(await asked(other), { errorCode: ErrorCode.REBOOTSTRAP_REQUIRED })
  const described = controller.send('DescribeCluster', 0, { includeClusterAuthorizedOperations: false })
  t.match(await simulation.complete(described), { errorCode: ErrorCode.INVALID_REQUEST })
  await broker.stop()
})

t.test('a topic made at the controller is there for the broker', async (t) => {
  const { world: broker, simulation, connect } = await world()
  const controller = await connect(9093)
  const topic = { name: 'a', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  const request = { topics: [topic], timeoutMs: 1000, validateOnly: false }
  t.match(await simulation.complete(controller.send('CreateTopics', 7, request)), { topics: [{ errorCode: 0 }] })
  const client = await connect(9092)
  const metadata = await simulation.complete(client.send('Metadata', 12, { topics: null }))
  t.match(metadata?.topics, [{ name: 'a', partitions: [{ leaderId: 1 }, { leaderId: 1 }] }])
  t.equal(metadata?.brokers[0]?.port, 9092)
  await broker.stop()
})

t.test('one that asks for more than PLAINTEXT is left closed', async (t) => {
  const protocols = 'CONTROLLER:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT'
  const { world: broker, connect } = await world({ 'listener.security.protocol.map': protocols })
  await t.rejects(connect(9093))
  await broker.stop()
})
