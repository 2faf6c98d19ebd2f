% An async block is a future made on the spot. It copies what it refers to when it is made.
x = 10;
f = async @() x + 1;
g = async @() do
  pause(0.5);
  y = x * 2;
  y + 1;
end
x = 1000;
fprintf('%d %d\n', await(f), await(g));
