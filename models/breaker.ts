// A provider that is down is left alone: after a few failures in a row nobody asks it but one probe at a time, and
// retries are a tenth of all calls. So an outage costs the provider less load than a working day, and no reader waits.
import {
  type CircuitBreakerPolicy,
  CircuitState,
  circuitBreaker,
  handleWhen,
  type IBackoff,
  type IHalfOpenAfterBackoffContext,
  isBrokenCircuitError,
} from 'cockatiel'
import { ModelError, type ModelErrorCode } from '../core/errors.ts'

export type BreakerLimits = {
  /** failures in a row before the provider is left alone */
  readonly failures: number
  /** until the first probe; doubles with every probe that fails */
  readonly pauseMs: number
  readonly longestPauseMs: number
  /** after a spent quota: somebody has to pay first */
  readonly quotaPauseMs: number
}

export type Breaker = {
  /** Makes the call, or throws ModelError `model-unavailable` at once while the provider is left alone. */
  call<T>(call: () => Promise<T>): Promise<T>
  /** Whether a call that failed may be made again. Each retry is paid for by ten calls. */
  mayRetry(): boolean
}

// Five failures are no accident. The first probe comes after 5 s, when a restart of the provider may be over.
const defaultLimits: BreakerLimits = { failures: 5, pauseMs: 5_000, longestPauseMs: 60_000, quotaPauseMs: 60_000 }

// A tenth is what Google's SRE book ("Handling Overload") lets a client add. The few at once let a quiet server retry.
const RETRIES_PER_CALL = 0.1
const RETRIES_AT_ONCE = 10

const outages: readonly ModelErrorCode[] = [
  'model-timeout',
  'model-unavailable',
  'model-rate-limited',
  'model-quota-spent',
  'model-cut-off',
  'model-bad-output',
]

export function openBreaker(limits: BreakerLimits = defaultLimits): Breaker {
  const circuit = openCircuit(limits)
  let retries = RETRIES_AT_ONCE
  return {
    async call(call) {
      // Cockatiel would let everybody wait for the end of a probe, which may take as long as a provider can be silent.
      if (circuit.state === CircuitState.HalfOpen) throw leftAlone(circuit)
      try {
        return await circuit.execute(async () => {
          retries = Math.min(RETRIES_AT_ONCE, retries + RETRIES_PER_CALL)
          return await call()
        })
      } catch (error) {
        throw isBrokenCircuitError(error) ? leftAlone(circuit) : error
      }
    },
    mayRetry() {
      if (circuit.state !== CircuitState.Closed || retries < 1) return false
      retries--
      return true
    },
  }
}

function openCircuit(limits: BreakerLimits): CircuitBreakerPolicy {
  let failures = 0
  let isHopeless = false
  const counts = (error: unknown): boolean => {
    const code = error instanceof ModelError ? error.code : null
    isHopeless = code === 'model-quota-spent'
    // A probe that its reader has left proves nothing: only an answer, a refusal among them, ends an outage.
    if (circuit.state === CircuitState.HalfOpen) return code !== 'model-refused' && code !== 'model-context-too-long'
    return outages.some((outage) => outage === code)
  }
  const circuit: CircuitBreakerPolicy = circuitBreaker(handleWhen(counts), {
    halfOpenAfter: pausesOf(limits),
    breaker: {
      state: null,
      success: () => void (failures = 0),
      failure: () => ++failures >= limits.failures || isHopeless,
    },
  })
  return circuit
}

function pausesOf(limits: BreakerLimits) {
  const next = ({ attempt, result }: IHalfOpenAfterBackoffContext): IBackoff<IHalfOpenAfterBackoffContext> => ({
    duration: pauseAfter(attempt, 'error' in result ? result.error : null, limits),
    next,
  })
  return { next }
}

function pauseAfter(probes: number, error: unknown, { pauseMs, longestPauseMs, quotaPauseMs }: BreakerLimits): number {
  if (!(error instanceof ModelError)) return pauseMs
  if (error.code === 'model-quota-spent') return quotaPauseMs
  return Math.min(Math.max(error.retryAfterMs ?? 0, pauseMs * 2 ** (probes - 1)), longestPauseMs)
}

function leftAlone(circuit: CircuitBreakerPolicy): ModelError {
  const last = circuit.lastFailure
  const cause = last && 'error' in last ? last.error : undefined
  return new ModelError('model-unavailable', 'The model failed too often and is left alone for a while.', { cause })
}
