//! The functions that printed programs bring along, each only where it is used.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Helper {
    Bump,
    SlowBump,
    Guarded,
    Nap,
    Sour,
    Sleepy,
    Waiter,
    Relay,
    Failer,
    Arrive,
    Fill,
    Countdown,
}

impl Helper {
    /// What it needs itself.
    pub(crate) fn needs(self) -> &'static [Helper] {
        match self {
            Helper::SlowBump | Helper::Guarded | Helper::Nap | Helper::Sleepy => &[Helper::Bump],
            Helper::Bump
            | Helper::Sour
            | Helper::Waiter
            | Helper::Relay
            | Helper::Failer
            | Helper::Arrive
            | Helper::Fill
            | Helper::Countdown => &[],
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Helper::Bump => {
                "function bump(m, k, n)
  m(k) = m(k) + n;
end
"
            }
            Helper::SlowBump => {
                "function slow_bump(m, k, n)
  yield_now();
  bump(m, k, n);
end
"
            }
            Helper::Guarded => {
                "function guarded(m, k, n)
  o = onCleanup(@() bump(m, k, n));
  if mod(n, 2) == 1
    error('g:guarded', 'guarded %d', n);
  end
end
"
            }
            Helper::Nap => {
                "async function y = nap(m, s, v)
  o = onCleanup(@() bump(m, 'k1', 1));
  pause(s);
  y = v;
end
"
            }
            Helper::Sour => {
                "async function y = sour(s)
  pause(s);
  error('g:sour', 'slept badly');
end
"
            }
            Helper::Sleepy => {
                "async function y = sleepy(m, swallows)
  o = onCleanup(@() bump(m, 'k0', 3));
  y = 1;
  try
    pause(0.5);
  catch e
    bump(m, 'k1', numel(e.identifier));
    if ~swallows
      rethrow(e);
    end
    y = 2;
  finally
    yield_now();
    pause(0.001);
    bump(m, 'k2', 7);
  end
end
"
            }
            Helper::Waiter => {
                "async function y = waiter(f)
  try
    y = await(f);
  catch e
    y = numel(e.message);
  end
end
"
            }
            Helper::Relay => {
                "async function y = relay(p, q, k)
  v = await(p);
  yield_now();
  complete(q, mod(v * 2 + k, 1009));
  y = k;
end
"
            }
            Helper::Failer => {
                "async function y = failer(p)
  yield_now();
  fail(p, MException('g:promised', 'as promised'));
  y = 5;
end
"
            }
            Helper::Arrive => {
                "async function y = arrive(w, p, k)
  yield_now();
  w('left') = w('left') - 1;
  w('sum') = w('sum') + k;
  if w('left') == 0
    complete(p, w('sum'));
  end
  y = k;
end
"
            }
            Helper::Fill => {
                "async function y = fill(w, n)
  for i = 1:n
    v = w('v');
    yield_now();
    w('v') = mod(v * 2 + i, 1009);
  end
  y = n;
end
"
            }
            Helper::Countdown => {
                "async function y = countdown(n)
  if n == 0
    y = 0;
  else
    yield_now();
    y = 1 + await(countdown(n - 1));
  end
end
"
            }
        }
    }
}
