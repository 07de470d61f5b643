# cmake -DOUT=FILE.c -DSYMBOL=NAME -DFILES=A;B -P embed.cmake
# Writes a C file with the contents of the files as a table of struct embedded (admin/embedded.h).
set(rows "")
set(arrays "")
set(i 0)
foreach(file IN LISTS FILES)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  get_filename_component(name ${file} NAME)
  string(APPEND arrays "static const unsigned char file_${i}[] = { ${bytes} 0 };\n")
  string(APPEND rows "\t{ \"${name}\", file_${i}, sizeof(file_${i}) - 1 },\n")
  math(EXPR i "${i} + 1")
endforeach()
file(WRITE ${OUT}
  "#include \"admin/embedded.h\"\n\n${arrays}\n"
  "const struct embedded ${SYMBOL}[] = {\n${rows}\t{ 0 },\n};\n")
