// BrokerHeartbeat (63): broker to controller: alive, caught up to this metadata offset, wanting to be fenced or to
// stop.

import { array, bool, type Infer, int16, int32, int64, request, response, uuid, versions } from '../../schema.ts'

export const BrokerHeartbeatRequest = request('BrokerHeartbeat', 63, versions(0, 2, { flexible: 0 }), {
  brokerId: int32(),
  brokerEpoch: int64({ default: -1n }),
  currentMetadataOffset: int64(),
  wantFence: bool(),
  wantShutDown: bool(),
  offlineLogDirs: array(uuid(), { since: 1, tag: 0 }),
  cordonedLogDirs: array(uuid(), { since: 2, nullable: true, tag: 1, default: null }),
})
export type BrokerHeartbeatRequest = Infer<typeof BrokerHeartbeatRequest>

export const BrokerHeartbeatResponse = response('BrokerHeartbeat', 63, versions(0, 2, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  isCaughtUp: bool(),
  isFenced: bool({ default: true }),
  shouldShutDown: bool(),
})
export type BrokerHeartbeatResponse = Infer<typeof BrokerHeartbeatResponse>
