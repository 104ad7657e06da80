// GetTelemetrySubscriptions (71): which metrics a client should push, and how often (KIP-714).

import { array, bool, type Infer, int8, int16, int32, request, response, string, uuid, versions } from '../../schema.ts'

export const GetTelemetrySubscriptionsRequest = request(
  'GetTelemetrySubscriptions',
  71,
  versions(0, 0, { flexible: 0 }),
  {
    clientInstanceId: uuid(),
  },
)
export type GetTelemetrySubscriptionsRequest = Infer<typeof GetTelemetrySubscriptionsRequest>

export const GetTelemetrySubscriptionsResponse = response(
  'GetTelemetrySubscriptions',
  71,
  versions(0, 0, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: array(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: array(string()),
  },
)
export type GetTelemetrySubscriptionsResponse = Infer<typeof GetTelemetrySubscriptionsResponse>
