// Which partitions the processes serve under their endpoints, for interactive queries: the inputs of the tasks that
// their members have. Source: EndpointToPartitionsManager of Apache Kafka.

import type { TopicLookup } from '../model/topic-lookup.ts'
import type { ConfiguredTopology } from './configured-topology.ts'
import type { HeartbeatResponse } from './heartbeat-answer.ts'
import type { Speaker } from './progress.ts'
import type { StreamsMember } from './streams-member.ts'
import { sorted, type TaskPartitions } from './tasks.ts'

type EndpointPartitions = NonNullable<HeartbeatResponse['partitionsByUserEndpoint']>[number]
type TopicPartitions = NonNullable<EndpointPartitions['activePartitions']>[number]

/** Of all members that have an endpoint, the speaker last. */
export function partitionsByEndpoint(
  topics: TopicLookup,
  { group, replaces }: Speaker,
  speaker: StreamsMember,
  configured: ConfiguredTopology,
): EndpointPartitions[] {
  const others = [...group.members.values()].filter(
    ({ memberId }) => memberId !== speaker.memberId && memberId !== replaces?.memberId,
  )
  return [...others, speaker].flatMap(({ userEndpoint, assigned: { active, standby, warmup } }) => {
    if (userEndpoint === null) return []
    const partitionsOf = (tasks: ReadonlyMap<string, TaskPartitions>) => inputsOf(topics, configured, tasks)
    const standbyPartitions = [...partitionsOf(standby), ...partitionsOf(warmup)]
    return [{ userEndpoint, activePartitions: partitionsOf(active), standbyPartitions }]
  })
}

function inputsOf(
  topics: TopicLookup,
  { subtopologies }: ConfiguredTopology,
  tasks: ReadonlyMap<string, TaskPartitions>,
): TopicPartitions[] {
  return [...tasks].flatMap(([subtopologyId, partitions]) => {
    const configured = subtopologies.get(subtopologyId)
    if (configured === undefined) return []
    const { sourceTopics, repartitionSourceTopics } = configured.subtopology
    const names = new Set([...sourceTopics, ...repartitionSourceTopics.map(({ name }) => name)])
    return [...names].flatMap((topic) => {
      const count = topics.partitionCount(topic)
      const own = sorted(partitions).filter((partition) => partition < count)
      return own.length === 0 ? [] : [{ topic, partitions: own }]
    })
  })
}
