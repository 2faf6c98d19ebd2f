% Three requests at once: all of them take as long as the slowest. Whoever cannot be reached is told
% apart from whoever answers; a GET is tried three times before that.
urls = {'http://localhost:9/news', 'http://localhost:9/weather', 'no address'};
requests = cellfun(@(url) http_get_async(url, 'Timeout', 10), urls, 'UniformOutput', false);
for i = 1:numel(requests)
  try
    r = await(requests{i});
    fprintf('%s: %d, %d characters\n', urls{i}, r.status, numel(r.body));
  catch e
    fprintf('%s: %s\n', urls{i}, e.identifier);
  end
end
