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
    Detached,
    Note,
    SlowNote,
    Family,
    Selfish,
    Untidy,
    Count,
}

impl Helper {
    /// What it needs itself.
    pub(crate) fn needs(self) -> &'static [Helper] {
        match self {
            Helper::SlowBump | Helper::Guarded | Helper::Nap | Helper::Sleepy => &[Helper::Bump],
            Helper::SlowNote | Helper::Selfish => &[Helper::Note],
            Helper::Family | Helper::Untidy => &[Helper::Note, Helper::SlowNote],
            Helper::Bump
            | Helper::Note
            | Helper::Count
            | Helper::Sour
            | Helper::Waiter
            | Helper::Relay
            | Helper::Failer
            | Helper::Arrive
            | Helper::Fill
            | Helper::Countdown
            | Helper::Detached => &[],
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
            Helper::Note => {
                "function note(w, n)
  w('x') = mod(w('x') * 7 + n, 1009);
end
"
            }
            Helper::SlowNote => {
                "function slow_note(w, n)
  v = w('x');
  yield_now();
  pause(0.001);
  w('x') = mod(v * 7 + n, 1009);
end
"
            }
            Helper::Family => {
                "async function y = family(w)
  o = onCleanup(@() slow_note(w, 2));
  f = spawn(child(w)); g = spawn(child(w));
  y = numel(await_all(f, g));
end

async function y = child(w)
  o = onCleanup(@() note(w, 1));
  y = 1;
  pause(0.5);
end
"
            }
            Helper::Selfish => {
                "async function y = selfish(w)
  y = 1;
  yield_now();
  cancel(w('f'));
  note(w, 4);
  yield_now();
  note(w, 5);
end
"
            }
            Helper::Untidy => {
                "async function y = untidy(w)
  o = onCleanup(@() slow_note(w, 1));
  y = 1;
  try
    unwind_protect
      pause(0.001);
      error('g:first', 'first');
    unwind_protect_cleanup
      slow_note(w, 2);
    end_unwind_protect
  finally
    slow_note(w, 3);
    await(sleep_async(0.001));
    error('g:second', 'the second one');
  end
end
"
            }
            Helper::Count => {
                "async function y = count(n)
  yield_now();
  y = count_now(n);
end

function y = count_now(n)
  global total
  if isempty(total), total = 0; end
  total = total + n;
  y = n;
end
"
            }
            Helper::Detached => {
                "async function y = detached(m, f)
  y = await(f);
  m('live') = m('live') - 1;
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
