// The controller asked past the broker, at its own listener (KIP-919): what the broker hands on to it, by the same
// scenarios and the same generated requests; what only the controller answers; what it does not.

import { type Api, type ApiName, apis } from '../../../protocol/apis.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'
import { badFrames, cluster } from './cluster.ts'
import { configScenarios } from './configs.ts'
import { every } from './every.ts'
import { operatingScenarios } from './operating.ts'
import { quotaScenarios } from './quotas.ts'
import { securingScenarios } from './securing.ts'
import { topicScenarios } from './topics.ts'

/** Before the names of these scenarios, and the labels that rows of docs/DIFFERENCES.md give of them. */
export const CONTROLLER = 'controller: '

/** What an administrator's client asks a controller. */
const served: readonly ApiName[] = [
  ...(['ApiVersions', 'DescribeCluster', 'DescribeQuorum', 'AddRaftVoter', 'RemoveRaftVoter'] as const),
  ...(['UnregisterController', 'UnregisterBroker', 'UpdateFeatures', 'ElectLeaders'] as const),
  ...(['AlterPartitionReassignments', 'ListPartitionReassignments', 'AlterClientQuotas'] as const),
  ...(['CreateTopics', 'DeleteTopics', 'CreatePartitions'] as const),
  ...(['DescribeConfigs', 'AlterConfigs', 'IncrementalAlterConfigs'] as const),
  ...(['DescribeAcls', 'CreateAcls', 'DeleteAcls'] as const),
  'AlterUserScramCredentials',
]

/** What only other nodes ask, or what security needs: docs/DIFFERENCES.md. */
const ofNodes: readonly ApiName[] = [
  ...(['Fetch', 'Vote', 'BeginQuorumEpoch', 'EndQuorumEpoch', 'AlterPartition', 'Envelope', 'FetchSnapshot'] as const),
  ...(['BrokerRegistration', 'BrokerHeartbeat', 'AllocateProducerIds', 'ControllerRegistration'] as const),
  ...(['AssignReplicasToDirs', 'SaslHandshake', 'SaslAuthenticate', 'CreateDelegationToken'] as const),
  ...(['RenewDelegationToken', 'ExpireDelegationToken', 'DescribeDelegationToken'] as const),
  'DescribeUserScramCredentials',
]

const client = { clientSoftwareName: 'conformance', clientSoftwareVersion: '1.0' }

async function versions(s: Session): Promise<void> {
  s.askController([...served, 'DescribeUserScramCredentials'])
  for (const version of versionsOf('ApiVersions')) await s.ask('well-formed', 'ApiVersions', version, client)
  // Listed, and never answered: the broker is asked in what follows.
  await s.spelt('plain', 'DescribeUserScramCredentials', 0, Uint8Array.of(0, 0))
  await s.ask('of another node', 'ApiVersions', 5, { ...client, clusterId: 'another', nodeId: 77 })
  await s.raw('ApiVersions v99', 'ApiVersions', (peer) => peer.encode(apis.ApiVersions, 99, Buffer.alloc(4)))
  const known = new Set<string>([...served, ...ofNodes])
  for (const api of Object.values<Api>(apis)) {
    const max = api.latestVersionUnstable ? api.maxVersion - 1 : api.maxVersion
    const asked = known.has(api.name) ? [api.minVersion - 1, max + 1, -1] : [api.minVersion, max]
    if (api.name === 'ApiVersions') continue
    const headerLike = { key: api.key, requestHeaderVersion: () => api.requestHeaderVersion(api.maxVersion) }
    for (const version of new Set(asked))
      await s.raw(`${api.name} v${version}`, api.name, (peer) => peer.encode(headerLike, version, Buffer.alloc(64)))
  }
}

async function describeCluster(s: Session): Promise<void> {
  for (const version of versionsOf('DescribeCluster', 1))
    for (const endpointType of [0, 1, 2, 3])
      for (const includeClusterAuthorizedOperations of [false, true])
        await s.ask(
          `endpoints of type ${endpointType}${includeClusterAuthorizedOperations ? ', with operations' : ''}`,
          'DescribeCluster',
          version,
          { endpointType, includeClusterAuthorizedOperations },
        )
}

const { quotas } = quotaScenarios
const { createTopics, createPartitions, deleteTopics } = topicScenarios
const byHand: Readonly<Record<string, Scenario | undefined>> = {
  versions,
  badFrames,
  cluster,
  describeCluster,
  createTopics,
  createPartitions,
  deleteTopics,
  quotas,
  ...operatingScenarios,
  ...configScenarios,
  ...securingScenarios,
}

export const controllerScenarios: Readonly<Record<string, Scenario>> = Object.fromEntries([
  ...Object.entries(byHand).map(([name, play]): [string, Scenario] => [
    `${CONTROLLER}${name}`,
    async (s) => {
      s.askController(served)
      await play?.(s)
    },
  ]),
  ...served.map((name): [string, Scenario] => [
    `${CONTROLLER}every: ${name}`,
    async (s) => {
      s.askController(served)
      await every(s, name, 'controller')
    },
  ]),
])
