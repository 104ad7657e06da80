// The handshake, bad frames, and what a client asks about the cluster.

import { type Api, type ApiName, apis } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'

/** What this round of Milena serves. */
const served: readonly ApiName[] = [
  ...([
    'Produce',
    'Fetch',
    'ListOffsets',
    'Metadata',
    'OffsetCommit',
    'OffsetFetch',
    'FindCoordinator',
    'JoinGroup',
  ] as const),
  ...(['Heartbeat', 'LeaveGroup', 'SyncGroup', 'DescribeGroups', 'ListGroups', 'ApiVersions', 'CreateTopics'] as const),
  ...([
    'DeleteTopics',
    'DeleteRecords',
    'InitProducerId',
    'OffsetForLeaderEpoch',
    'DescribeConfigs',
    'AlterConfigs',
  ] as const),
  ...(['DescribeLogDirs', 'CreatePartitions', 'DeleteGroups', 'IncrementalAlterConfigs', 'OffsetDelete'] as const),
  ...(['DescribeCluster', 'DescribeProducers', 'ListConfigResources', 'DescribeTopicPartitions'] as const),
  ...(['UpdateFeatures', 'DescribeQuorum', 'AddRaftVoter', 'RemoveRaftVoter', 'UnregisterController'] as const),
  ...(['UnregisterBroker', 'ElectLeaders', 'AlterPartitionReassignments', 'ListPartitionReassignments'] as const),
  ...(['DescribeClientQuotas', 'AlterClientQuotas', 'DescribeAcls', 'CreateAcls', 'DeleteAcls'] as const),
  ...(['DescribeUserScramCredentials', 'AlterUserScramCredentials'] as const),
]

const client = { clientSoftwareName: 'conformance', clientSoftwareVersion: '1.0' }

async function apiVersions(s: Session): Promise<void> {
  for (const version of versionsOf('ApiVersions')) await s.ask('well-formed', 'ApiVersions', version, client)
  for (const version of versionsOf('ApiVersions', 3))
    for (const [name, wrong] of Object.entries({
      empty: '',
      'with a space': 'a b',
      'ending in a dash': 'a-',
      long: 'x'.repeat(300),
    })) {
      await s.ask(`software name ${name}`, 'ApiVersions', version, { ...client, clientSoftwareName: wrong })
      await s.ask(`software version ${name}`, 'ApiVersions', version, { ...client, clientSoftwareVersion: wrong })
    }
  await s.ask('another cluster', 'ApiVersions', 5, { ...client, clusterId: 'another', nodeId: 1 })
  await s.ask('another node', 'ApiVersions', 5, { ...client, nodeId: 77 })
  await s.ask('a cluster and no node', 'ApiVersions', 5, { ...client, clusterId: 'another' })
  const { clusterId } = await s.get('DescribeCluster', 0, { includeClusterAuthorizedOperations: false })
  await s.ask('this cluster and node', 'ApiVersions', 5, { ...client, clusterId, nodeId: 1 })
  await s.ask('this cluster, another node', 'ApiVersions', 5, { ...client, clusterId, nodeId: 77 })
  await s.ask('this cluster, a negative node', 'ApiVersions', 5, { ...client, clusterId, nodeId: -2 })
  await s.ask('no cluster, a negative node', 'ApiVersions', 5, { ...client, nodeId: -2 })
  await s.ask('an empty cluster', 'ApiVersions', 5, { ...client, clusterId: '', nodeId: 1 })
}

async function unknownVersions(s: Session): Promise<void> {
  const body = Buffer.from([1, 2, 3, 4])
  for (const version of [6, 99, 32767, -1])
    await s.raw(`ApiVersions v${version}`, 'ApiVersions', (peer) => peer.encode(apis.ApiVersions, version, body))
  for (const name of served) {
    if (name === 'ApiVersions') continue
    const api: Api = apis[name]
    const max = api.latestVersionUnstable ? api.maxVersion - 1 : api.maxVersion
    // A header of the version before: which fields follow must not matter.
    const headerLike = { key: api.key, requestHeaderVersion: () => api.requestHeaderVersion(api.maxVersion) }
    for (const version of [api.minVersion - 1, max + 1, -1].filter((v, i, all) => all.indexOf(v) === i))
      await s.raw(`${name} v${version}`, name, (peer) => peer.encode(headerLike, version, Buffer.alloc(64)))
  }
  const unknown = { key: 999, requestHeaderVersion: () => 1 }
  await s.raw('an unknown key', 'none', (peer) => peer.encode(unknown, 0, Buffer.alloc(64)))
  const negative = { key: -1, requestHeaderVersion: () => 1 }
  await s.raw('a negative key', 'none', (peer) => peer.encode(negative, 0, Buffer.alloc(64)))
}

export async function badFrames(s: Session): Promise<void> {
  await s.raw('an empty frame', 'frame', () => Buffer.alloc(0))
  await s.raw('a frame that ends in the header', 'frame', () => Buffer.from([0, 3, 0, 1, 0, 0]))
  await s.raw('a negative size', 'frame', () => Buffer.alloc(8), -1)
  await s.raw('a size over the limit', 'frame', () => Buffer.alloc(8), 104857601)
  await s.raw('a client id longer than the frame', 'frame', () => Buffer.from([0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff]))
  const metadata = (bytes: number[]) => (peer: Parameters<Parameters<Session['raw']>[2]>[0]) =>
    peer.encode(apis.Metadata, 1, Buffer.from(bytes))
  await s.raw('an array longer than the frame', 'Metadata', metadata([0x7f, 0xff, 0xff, 0xff]))
  await s.raw('an array of -2 elements', 'Metadata', metadata([0xff, 0xff, 0xff, 0xfe]))
  await s.raw('a string of -2 bytes', 'Metadata', metadata([0, 0, 0, 1, 0xff, 0xfe]))
  await s.raw('a null where a string must be', 'Metadata', metadata([0, 0, 0, 1, 0xff, 0xff]))
  await s.raw('a body that is cut', 'Metadata', metadata([0, 0, 0, 1, 0, 9, 97]))
  await s.raw('bytes after the body', 'Metadata', metadata([0, 0, 0, 0, 9, 9, 9]))
  await s.raw('a null client id', 'Metadata', (peer) => peer.encode(apis.Metadata, 1, Buffer.from([0, 0, 0, 0]), null))
  await s.raw('an empty client id', 'Metadata', (peer) => peer.encode(apis.Metadata, 1, Buffer.from([0, 0, 0, 0]), ''))
}

export async function cluster(s: Session): Promise<void> {
  for (const version of versionsOf('DescribeCluster')) {
    await s.ask('plain', 'DescribeCluster', version, { includeClusterAuthorizedOperations: false })
    await s.ask('with operations', 'DescribeCluster', version, { includeClusterAuthorizedOperations: true })
  }
  const controllers = { includeClusterAuthorizedOperations: false, endpointType: 2 }
  await s.ask('endpoints of controllers', 'DescribeCluster', 1, controllers)
  await s.ask('endpoints of no kind', 'DescribeCluster', 1, { ...controllers, endpointType: 9 })
  await s.ask('with fenced brokers', 'DescribeCluster', 2, {
    includeClusterAuthorizedOperations: false,
    includeFencedBrokers: true,
  })
  for (const version of versionsOf('ListConfigResources')) await s.ask('all', 'ListConfigResources', version, {})
}

async function coordinators(s: Session): Promise<void> {
  await s.coordinator('a-group')
  for (const version of versionsOf('FindCoordinator')) {
    const find = (label: string, keyType: number, ...keys: string[]) =>
      s.ask(label, 'FindCoordinator', version, { key: keys[0] ?? '', keyType, coordinatorKeys: keys })
    await find('a group', 0, 'a-group')
    if (version > 0) await find('of an unknown type', 9, 'a-group')
    if (version > 0) await find('of a transaction', 1, 'tx')
    if (version >= 6) await find('of a share group', 2, 'group:AAAAAAAAAAAAAAAAAAAAAQ:0')
    if (version >= 6) await find('of a share group, wrongly named', 2, 'group')
    if (version < 4) continue
    await find('several groups, one empty', 0, 'a-group', '', 'another')
    await find('none', 0)
    await find('the same twice', 0, 'a-group', 'a-group')
  }
}

async function logDirs(s: Session): Promise<void> {
  await s.topic('log-dirs', 2)
  for (const version of versionsOf('DescribeLogDirs')) {
    const ask = (label: string, topics: { topic: string; partitions: number[] }[]) =>
      s.ask(label, 'DescribeLogDirs', version, { topics })
    await ask('two partitions', [{ topic: 'log-dirs', partitions: [0, 1] }])
    await ask('one of them', [{ topic: 'log-dirs', partitions: [1] }])
    await ask('unknown ones', [
      { topic: 'log-dirs', partitions: [7] },
      { topic: 'absent', partitions: [0] },
    ])
    await ask('none', [])
  }
}

async function producers(s: Session): Promise<void> {
  await s.topic('producers')
  const ask = (label: string, name: string, partitionIndexes: number[]) =>
    s.ask(label, 'DescribeProducers', 0, { topics: [{ name, partitionIndexes }] })
  await ask('without producers', 'producers', [0])
  await ask('an unknown partition', 'producers', [0, 4])
  await ask('an unknown topic', 'absent', [0])
  await ask('a wrong name', 'not a name', [0])
  const nobody = { transactionalId: null, transactionTimeoutMs: 60_000 }
  // The first one waits for a block of ids.
  await s.settled('the first', 'InitProducerId', 4, nobody, (body) => body.errorCode === ErrorCode.NONE)
  for (const version of versionsOf('InitProducerId')) {
    const init = (
      label: string,
      body: { transactionalId: string | null; producerId?: bigint; producerEpoch?: number },
    ) => s.ask(label, 'InitProducerId', version, { transactionTimeoutMs: 60_000, ...body })
    await init('idempotent', { transactionalId: null })
    await init('an empty transactional id', { transactionalId: '' })
    if (version < 3) continue
    await init('an id and no epoch', { transactionalId: null, producerId: 5n })
    await init('an epoch and no id', { transactionalId: null, producerEpoch: 5 })
    await init('an id and an epoch', { transactionalId: null, producerId: 900_000n, producerEpoch: 5 })
  }
  for (const version of versionsOf('InitProducerId'))
    await s.ask('a transactional id', 'InitProducerId', version, {
      transactionalId: 'tx',
      transactionTimeoutMs: 60_000,
    })
}

export const clusterScenarios: Readonly<Record<string, Scenario>> = {
  apiVersions,
  unknownVersions,
  badFrames,
  cluster,
  coordinators,
  logDirs,
  producers,
}
