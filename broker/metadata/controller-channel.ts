// The way from a broker to the active controller: Kafka's own broker-to-controller requests, as objects. In one process
// the calls skip the socket (controller/channel.ts); over a network the same interface will encode them.

import type { RequestInputOf, RequestOf, ResponseInputOf } from '../../protocol/apis.ts'

/** How much of what a request asks for its client may have (KIP-599). */
export interface Mutations {
  /** Takes permits for partitions; false: refused, and nothing is taken. */
  admit(partitionCount: number): boolean
  /** How long its client is to keep still, after all that was taken. */
  readonly throttleTimeMs: number
}

/** Requests on which the controller decides. */
export type ControllerApi =
  | 'CreateTopics'
  | 'DeleteTopics'
  | 'CreatePartitions'
  | 'AlterConfigs'
  | 'IncrementalAlterConfigs'
  | 'BrokerRegistration'
  | 'BrokerHeartbeat'
  | 'AllocateProducerIds'
  | 'AssignReplicasToDirs'
  | 'UpdateFeatures'
  | 'ElectLeaders'
  | 'AlterPartitionReassignments'
  | 'ListPartitionReassignments'
  | 'DescribeQuorum'
  | 'AddRaftVoter'
  | 'RemoveRaftVoter'
  | 'UnregisterController'
  | 'UnregisterBroker'
  | 'AlterClientQuotas'
  | 'AlterUserScramCredentials'

export interface ControllerChannel {
  /** Node of the controller that requests go to; -1: unknown. */
  readonly controllerId: number
  /** Last committed offset of the metadata log: a broker whose image is there has seen the effect of every answer. */
  readonly committedOffset: number
  /**
   * `mutations`: what the quota of the client that asks lets it create and delete; without: all.
   * @throws {NotCommitted} when the effect has not become durable, or it is not known whether it has.
   * @throws {TooManyRecords}
   */
  send<Name extends ControllerApi>(
    name: Name,
    request: RequestOf<Name>,
    mutations?: Mutations,
  ): Promise<ResponseInputOf<Name>>
  fetch(request: RequestInputOf<'Fetch'>): Promise<ResponseInputOf<'Fetch'>>
  fetchSnapshot(request: RequestInputOf<'FetchSnapshot'>): Promise<ResponseInputOf<'FetchSnapshot'>>
}

/** What a request comes to does not fit into one batch of the metadata log: nothing has changed. */
export class TooManyRecords extends Error {
  constructor(size: number, limit: number) {
    super(`the request takes ${size} bytes of the metadata log, where a batch may have ${limit}: split it up`)
    this.name = 'TooManyRecords'
  }
}

/** Records may not have become committed: the log could not be written, or the leader stopped. */
export class NotCommitted extends Error {
  constructor(reason: string) {
    super(`metadata records were not committed: ${reason}`)
    this.name = 'NotCommitted'
  }
}
