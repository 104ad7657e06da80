// All server properties: Kafka 4.4's and Milena's own. Which of them act is said by their rows (`doc`).

import type { ConfigRow, ConfigTable, ValueOf } from './config-row.ts'
import { clusterConfigs } from './tables/cluster.ts'
import { coordinatorConfigs } from './tables/coordinators.ts'
import { logConfigs } from './tables/log.ts'
import { milenaConfigs } from './tables/milena.ts'
import { networkConfigs } from './tables/network.ts'
import { remoteStorageConfigs } from './tables/remote-storage.ts'
import { replicationConfigs } from './tables/replication.ts'
import { securityConfigs } from './tables/security.ts'

export const brokerConfigs = {
  ...networkConfigs,
  ...clusterConfigs,
  ...logConfigs,
  ...coordinatorConfigs,
  ...replicationConfigs,
  ...securityConfigs,
  ...remoteStorageConfigs,
  ...milenaConfigs,
}

export type BrokerConfigName = keyof typeof brokerConfigs
export type BrokerConfigValue<Name extends BrokerConfigName> = ValueOf<(typeof brokerConfigs)[Name]>

const table: ConfigTable = brokerConfigs

export function brokerConfigRow(name: string): ConfigRow | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/**
 * Keys that stand in for one another, the first that is set counts. The later ones are in a coarser unit; `factor`
 * turns them into the first one's. Source: ServerTopicConfigSynonyms, DynamicBrokerConfig.brokerConfigSynonyms.
 */
export const serverSynonyms: Readonly<
  Record<string, readonly { readonly name: BrokerConfigName; readonly factor: number }[]>
> = {
  'log.roll.ms': [{ name: 'log.roll.hours', factor: 3_600_000 }],
  'log.roll.jitter.ms': [{ name: 'log.roll.jitter.hours', factor: 3_600_000 }],
  'log.flush.interval.ms': [{ name: 'log.flush.scheduler.interval.ms', factor: 1 }],
  'log.retention.ms': [
    { name: 'log.retention.minutes', factor: 60_000 },
    { name: 'log.retention.hours', factor: 3_600_000 },
  ],
}

/**
 * What the server.properties that Milena starts with says where the user's says nothing, as Kafka ships one: one node
 * that is broker and controller, reached from this machine only, whose internal topics have one replica.
 */
export const shippedProperties: Readonly<Partial<Record<BrokerConfigName, string>>> = {
  'node.id': '1',
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  listeners: 'PLAINTEXT://127.0.0.1:9092',
  'log.dirs': './data',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
}
