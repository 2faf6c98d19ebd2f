% Several servers are asked at the same time, so that all of them take as long as the slowest. Who cannot
% be reached fails on its own, after a second attempt. Put addresses of your own here; for servers that a
% simulation states, run conformance/corpus/outside/web.yaml#parallel-requests with `tourbillon sim`.
urls = {'http://localhost:9/one', 'http://localhost:9/two', 'http://localhost:9/three'};
options = weboptions('Timeout', 10, 'Retries', 1, 'Backoff', 0.1);

tasks = cell(1, numel(urls));
for k = 1:numel(urls)
  tasks{k} = spawn(look(urls{k}, options), 'Name', 'look');
end
lines = await_all(tasks);
fprintf('%s\n', lines{:});

async function line = look(url, options)
  try
    r = await(http_get_async(url, options));
    line = sprintf('%s answers %d with %d characters', url, r.status, numel(r.body));
  catch e
    line = sprintf('%s: %s', url, e.identifier);
  end
end
