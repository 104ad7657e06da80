// The server properties that groups depend on, read anew at each use, for most can change while the broker runs. Names
// are those of the properties in camel case.

import { CODECS, type Codec } from '../../../../protocol/records/layout.ts'
import type { BrokerConfig } from '../../../config/broker-config.ts'
import type { BrokerConfigName, BrokerConfigValue } from '../../../config/broker-configs.ts'

export interface GroupConfig {
  /** What was set for one group while running, as text. */
  ownValues(groupId: string): ReadonlyMap<string, string>
  /** Any other server property, by its own name. */
  get<Name extends BrokerConfigName>(name: Name): BrokerConfigValue<Name>
  readonly groupMinSessionTimeoutMs: number
  readonly groupMaxSessionTimeoutMs: number
  readonly groupInitialRebalanceDelayMs: number
  readonly groupMaxSize: number
  readonly offsetMetadataMaxBytes: number
  readonly offsetsRetentionMs: number
  readonly offsetsRetentionCheckIntervalMs: number
  readonly offsetsCommitTimeoutMs: number
  /** offsets.topic.compression.codec; the number is that of the record batch format. */
  readonly offsetsTopicCompression: Codec
}

export function groupConfigOf(config: BrokerConfig, ownValues: GroupConfig['ownValues']): GroupConfig {
  return {
    ownValues,
    get(name) {
      return config.get(name)
    },
    get groupMinSessionTimeoutMs() {
      return config.get('group.min.session.timeout.ms')
    },
    get groupMaxSessionTimeoutMs() {
      return config.get('group.max.session.timeout.ms')
    },
    get groupInitialRebalanceDelayMs() {
      return config.get('group.initial.rebalance.delay.ms')
    },
    get groupMaxSize() {
      return config.get('group.max.size')
    },
    get offsetMetadataMaxBytes() {
      return config.get('offset.metadata.max.bytes')
    },
    get offsetsRetentionMs() {
      return config.get('offsets.retention.minutes') * 60_000
    },
    get offsetsRetentionCheckIntervalMs() {
      return config.get('offsets.retention.check.interval.ms')
    },
    get offsetsCommitTimeoutMs() {
      return config.get('offsets.commit.timeout.ms')
    },
    get offsetsTopicCompression() {
      return CODECS[config.get('offsets.topic.compression.codec')] ?? 'none'
    },
  }
}

/**
 * How long a joining member that has no member id yet (JoinGroup below v4) is kept while its request is parked: it
 * cannot send heartbeats, and a client that gave up would join again and again as somebody new. Kafka's constant.
 */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000
