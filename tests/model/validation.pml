/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright The farhold authors
 *
 * The protocol of docs/design/validation.md as a model for Spin: a producer that evicts and reuses one block for ever
 * new objects, and readers that read it. No accepted read may have a byte of another object. run.sh says which
 * configurations are searched and what must come out.
 *
 *   READER    one of the ways to read, below
 *   BROKEN    the one rule that is left out, below; NOTHING (if not given): the protocol as it is
 *   WITNESS   an event, below, that is made an error, to show that it can happen
 *   G         the grace period, in ticks
 */
#define MAPPED 1   /* read_mapped */
#define FAST 2     /* read_remote, validation::fast */
#define RECHECK 3  /* read_remote, validation::recheck */
#define VIEW 4     /* reads under a pin: a pinned view, the service, own objects */

#define NOTHING 0
#define GRACE 1               /* memory is reused a grace period after the eviction */
#define CLEAR_BEFORE_CLOCK 2  /* the trailer is cleared, then the clock is read */
#define PRODUCER_FENCE 3      /* and between the two everybody sees it cleared */
#define SECOND_LOOK 4         /* a read that took too long for its clock, or was never timed, looks again */
#define LOOK_AFTER_COPY 5     /* and looks when the payload is complete, not meanwhile */
#define HALF 6                /* `fast` trusts reads below G/2, not below G */
#define READER_CLOCK_RUNS 7   /* a reader's clock does not stop (a paused virtual machine's does) */
#define PIN_BEFORE_LOOK 8     /* a reader pins, then looks whether the object lives */
#define READER_FENCE 9        /* and between the two everybody sees the pin */
#define PINS_COUNT 10         /* pinned memory is not reused */
#define PINS_STAY 11          /* nobody but its reader ends a pin while that lives, and be it stopped */
#define NEW_GENERATION 12     /* no generation is used twice */
#define TICKET_LAST 13        /* a ticket is given out when its object is whole */

#define ACCEPTED 1   /* a read was accepted */
#define STALE 2      /* a read was refused */
#define LOOKED 3     /* a second look was needed and found the object alive */
#define REUSED 4     /* it was needed and found the object gone */
#define HEIR_READ 5  /* an object was accepted whose memory had been another's */
#define HELD 6       /* a pinned object had ended a grace period ago: only the pin kept its memory */

#ifndef G
#define G 4
#endif
#ifndef BROKEN
#define BROKEN NOTHING
#endif
#ifndef WITNESS
#define WITNESS 0
#endif
#define broken(rule) (BROKEN == rule)
#define happens(event) assert(WITNESS != event)

#define OBJECTS 3 /* that have the block, one after the other */
#if READER == VIEW
#define READERS 2 /* the producer does not look at their pins all at once */
#else
#define READERS 1 /* more would not meet */
#endif
#define TRUSTED (broken(HALF) -> G : G / 2)
#define generation_of(object) (broken(NEW_GENERATION) -> 1 : object)

/* ---- memory, as everybody sees it */
byte payload[2] = 1;  /* two pieces, so that a copy can have one of each object; the value is the object's number */
byte generation = 1;  /* in the trailer: generation_of(object), 0 after evict */
byte issued = 1;      /* the newest ticket that was given out */
bool pinned[2];

/* ---- stores that their processor has made and others do not see yet */
bool clearing;  /* generation := 0 */
bool pinning[2];

/* ---- time. A stopwatch goes to its limit and stays there: longer makes no difference. */
byte since_evict = G;   /* by the producer's clock, from the reading after evict */
byte took[2] = TRUSTED; /* by a reader's clock, from its first stamp */
bool ahead;             /* the producer's clock has ticked and the readers' have not */

inline tick(stopwatch, limit) { stopwatch = (stopwatch < limit -> stopwatch + 1 : stopwatch) }

/* Time goes on and stores become visible whenever they like. A process that is stopped is one that others overtake:
 * every process may stop anywhere for as long as one likes. */
active proctype world() {
end:
  do
  /* One clock may go twice as fast as the other. A clock that is too slow is the readers': the other way round is
   * safe. */
  :: atomic { tick(since_evict, G); tick(took[0], TRUSTED); tick(took[1], TRUSTED); ahead = false }
  :: atomic { !ahead || broken(READER_CLOCK_RUNS) -> tick(since_evict, G); ahead = true }
  :: atomic { clearing -> generation = 0; clearing = false }
  :: atomic { pinning[0] -> pinned[0] = true; pinning[0] = false }
  :: atomic { pinning[1] -> pinned[1] = true; pinning[1] = false }
  :: atomic { broken(PINS_STAY) && pinned[0] -> pinned[0] = false }
  od
}

/* blocks::evict, blocks::reclaim, blocks::publish */
active proctype producer() {
  byte object = 1, entry;
end:
  do
  :: object < OBJECTS ->
    if
    :: !broken(CLEAR_BEFORE_CLOCK) -> clearing = true
    :: else -> since_evict = 0; clearing = true
    fi;
    broken(PRODUCER_FENCE) || !clearing;
    if
    :: !broken(CLEAR_BEFORE_CLOCK) -> since_evict = 0
    :: else
    fi;

    since_evict == G || broken(GRACE);
    entry = 0;
    do
    :: entry < READERS -> !pinned[entry] || broken(PINS_COUNT); entry++
    :: else -> break
    od;
    !clearing;  /* stores of one processor become visible in their order */

    object++;
    if
    :: broken(TICKET_LAST) -> issued = object
    :: else
    fi;
    if
    :: payload[0] = object; payload[1] = object
    :: payload[1] = object; payload[0] = object
    fi;
    generation = generation_of(object);
    issued = object
  od
}

#define PAYLOAD 3
#define TRAILER 4

/* Brings the pieces named by a sum of the above, in any order. */
inline transfer(pieces) {
  missing = pieces;
  do
  :: atomic { missing & 1 -> copy[0] = payload[0]; missing = missing - 1 }
  :: atomic { missing & 2 -> copy[1] = payload[1]; missing = missing - 2 }
  :: atomic { missing & TRAILER -> found = generation; missing = missing - TRAILER }
  :: missing == 0 -> break
  od
}

inline accept() {
  happens(ACCEPTED);
  assert(WITNESS != HEIR_READ || wanted == 1);
  assert(copy[0] == wanted && copy[1] == wanted)
}

inline read_mapped() {
  found = generation;
  if
  :: found == generation_of(wanted) ->
    if
    :: broken(LOOK_AFTER_COPY) -> transfer(PAYLOAD + TRAILER)
    :: else -> transfer(PAYLOAD)
    fi;
    if
    :: broken(SECOND_LOOK) || broken(LOOK_AFTER_COPY)
    :: else -> found = generation
    fi;
    if
    :: found == generation_of(wanted) -> accept()
    :: else -> happens(REUSED)
    fi
  :: else -> happens(STALE)
  fi
}

inline read_remote() {
  took[me] = 0;
  transfer(PAYLOAD + TRAILER);
  duration = took[me];
  took[me] = TRUSTED;  /* not needed any more */
  if
  :: found != generation_of(wanted) -> happens(STALE)
  :: else ->
    if
    :: READER == FAST && duration < TRUSTED -> accept()
    :: else ->
      if
      :: broken(SECOND_LOOK)
      :: else -> found = generation
      fi;
      if
      :: found == generation_of(wanted) -> happens(LOOKED); accept()
      :: else -> happens(REUSED)
      fi
    fi
  fi
}

inline read_view() {
  if
  :: broken(PIN_BEFORE_LOOK) -> found = generation; pinning[me] = true; !pinning[me]
  :: else -> pinning[me] = true; broken(READER_FENCE) || !pinning[me]; found = generation
  fi;
  if
  :: found == generation_of(wanted) ->
    do
    :: transfer(PAYLOAD); assert(WITNESS != HELD || generation == wanted || since_evict < G); accept()
    :: break
    od
  :: else -> happens(STALE)
  fi;
  !pinning[me];
  pinned[me] = false
}

active [READERS] proctype reader() {
  byte wanted, found, missing, duration, copy[2];
  byte me = _pid - 2;
end:
  do
  :: atomic {
      if
      :: wanted = issued
      :: wanted = 1
      fi
    };
    if
    :: READER == MAPPED -> read_mapped()
    :: READER == FAST || READER == RECHECK -> read_remote()
    :: READER == VIEW -> read_view()
    fi;
    /* What is not looked at again need not be told apart. */
    d_step { found = 0; duration = 0; copy[0] = 0; copy[1] = 0 }
  od
}
